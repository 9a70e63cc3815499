services-title = Қызметтер
services-state-up = жұмыс істейді
services-state-down = жауап бермейді
services-state-unknown = белгісіз
services-state-unchecked = тексерілмейді
services-count-up = { $count ->
    [one] { $count } жұмыс істейді
   *[other] { $count } жұмыс істейді
}
services-count-down = { $count ->
    [one] { $count } жауап бермейді
   *[other] { $count } жауап бермейді
}
services-count-unknown = { $count ->
    [one] { $count } белгісіз
   *[other] { $count } белгісіз
}
services-heading-up = Тексерілетін қызметтердің бәрі жұмыс істейді
services-heading-down = { $count ->
    [one] { $count } қызмет жауап бермейді
   *[other] { $count } қызмет жауап бермейді
}
services-heading-unknown = { $count ->
    [one] { $count } қызмет туралы ештеңе белгісіз
   *[other] { $count } қызмет туралы ештеңе белгісіз
}
services-heading-unchecked = Бірде-бір қызмет тексерілмейді
services-column-state = Күйі
services-column-address = Мекенжайлар мен порттар
services-column-check = Тексеру
services-column-took = Жауап уақыты, мс
services-column-failed = Соңғы сәтсіздік
services-partly = { $all } ішінен { $down } жауап бермейді: қалғандары жеткілікті.
services-owner = Кім жауапты
services-owner-institution = Жауапты мекеме
services-owner-other = тізілімдегі мекеме емес
services-owner-name = Жауапты адам немесе бөлім
services-owner-help = Қызмет жауап бермегенде кімге қоңырау шалу керек.
services-owner-phone = Телефон
services-owner-email = Электрондық пошта
services-about-ru = Қызмет не үшін керек, орысша
services-about-kk = Қызмет не үшін керек, қазақша
services-about-en = Қызмет не үшін керек, ағылшынша
services-checks = Тексерулер
services-checks-help = Әр жолға біреуден: tcp; http/8080 /health status=200-299 text="дайын" every=30; dns name=mail.example.kz. Порт жазылмаса, қызметтің бірінші порты алынады. Әдетте әр 30 с сайын, жауап 2 с ішінде, 3 сәтсіздіктен кейін жауап бермейді (fall=3), 2 жауаптан кейін қайта жұмыс істейді (rise=2). TLS қызметін tcp арқылы тексеріңіз.
services-no-checks = Қызметтің тексерулері жоқ, сондықтан оның жұмыс істейтінін торап білмейді. Қызмет туралы мәліметтерге тексеру қосыңыз: мысалы, tcp.
services-not-yet = Қызмет әлі тексерілген жоқ: жауап бірнеше секундтан кейін болады.
services-history = Тарих
services-history-none = Әзірге өзгеріс болған жоқ
services-history-text = Мұнда қызметтің қашан жауап бермей қалғаны және қашан қайта жауап бергені жазылады. Жазбалар 90 күн сақталады.
services-who-segments = Ережелер бойынша сегменттер
services-who-people = Сертификат бойынша адамдар
services-routes-none = Жабық бөлік бұл қызметке апармайды.
services-routes-count = { $count ->
    [one] және сертификат бойынша { $count } жол
   *[other] және сертификат бойынша { $count } жол
}
services-route-open = бәріне ашық, сертификат керек емес
services-route-right = { $right } құқығы керек
services-person = Адамға қолжетімді ме
services-person-ask = Білу
services-person-none = Мұндай есімді адам жоқ.
services-person-administrator = желі әкімшісі
services-person-may = { $name }: { $route } жолы қолжетімді.
services-person-may-not = { $name }: { $route } жолы қолжетімсіз, { $missing } құқығы жоқ. Оны бере алатын: { $ask }.
services-why-refused = Сервер қосылудан бас тартты: бұл портта ештеңе жұмыс істемейді. Қызметті іске қосыңыз немесе мәліметтерінде портын түзетіңіз.
services-why-timed-out = Жауап уақытында келмеді: сервер өшірулі немесе шамадан тыс жүктелген, не пакеттерді сүзгі өткізбейді.
services-why-no-host = Сервер өз желісінде жауап бермейді. Оның қосулы екенін, кабелін және мекенжайын тексеріңіз.
services-why-no-way = Тораптан бұл мекенжайға жол жоқ, сондықтан қызмет туралы ештеңе белгісіз. Тораптың арналары мен маршруттарын тексеріңіз.
services-why-broken-off = Байланыс жауап толық келмей үзілді. Қызметтің журналын қараңыз.
services-why-fault = Жауап { $code }: қызмет іске қосылған, бірақ өз қатесін хабарлайды. Оның журналын қараңыз.
services-why-status = Жауап { $code }: қызмет тексеру күткендей жауап бермейді. Тексерудің жолы мен status мәнін салыстырыңыз.
services-why-no-text = Жауапта күтілген мәтін жоқ: қызмет басқа нәрсе көрсетеді немесе тексерудің text мәні ескірген.
services-why-not-http = Жауап HTTP/1.1 емес: портта басқа қызмет немесе TLS. Онда tcp арқылы тексеріңіз.
services-why-dns = Атаулар сервері { $code } деп жауап берді. Оның журналын және кімге қызмет көрсететінін қараңыз.
services-why-no-name = Атаулар сервері бұл атаудың мекенжайын білмейді. Оның аймағын немесе тексерудің name мәнін қараңыз.
services-why-not-dns = Бұл атау туралы сұраққа жауап емес: портта басқа қызмет.
services-why-dark = Тораптың артындағы { $network } желісінде байланыс жоқ, сондықтан қызмет туралы ештеңе белгісіз.
services-why-ours = Тораптың өзі тексере алмады ({ $error }), сондықтан қызмет туралы ештеңе белгісіз.
services-why-other = Тексеру сәтсіз: { $error }.
services-why-later = Себебін тораптың жаңарақ нұсқасы жазған.
services-fault-text = Тым ұзын немесе көрінбейтін таңба бар: сипаттама 1000 әріпке дейін, жауапты туралы сөздер 200 әріпке дейін.
services-fault-owner = { $id } мекемесі тізілімде жоқ: басқасын таңдаңыз немесе жауаптыны сөзбен атаңыз.
services-fault-line = { $no }-жол: { $fault }
services-fault-kind = «{ $word }»: tcp, http немесе dns сөзінен бастаңыз, керек болса портымен: http/8080.
services-fault-word = «{ $word }» түсініксіз: /жол, status=, text=, name=, every=, timeout=, fall=, rise= болады.
services-fault-number = «{ $word }»: бүтін сан керек.
services-fault-status = «{ $word }» жауап коды емес: 200 немесе 200-399 деп жазыңыз.
services-fault-many = «{ $service }» қызметінде { $most }-ден көп тексеру бар: артығын алып тастаңыз.
services-fault-every = every: 1-ден 3600 секундқа дейін.
services-fault-timeout = timeout: 1-ден 30 секундқа дейін және every мәнінен аспауы керек.
services-fault-row = fall және rise: 1-ден 20-ға дейін.
services-fault-path = «{ $word }» жол емес: / белгісінен бастаңыз, бос орынсыз, 200 әріпке дейін.
services-fault-body = text: 200 әріпке дейін, көрінбейтін таңбасыз.
services-fault-name = «{ $word }» атау емес: мысалы, name=mail.example.kz деп жазыңыз.
services-fault-part = { $kind } тексеруінде { $part } болмайды: алып тастаңыз.
services-fault-port = { $kind } тексеруіне қызметтің порты жоқ: оны { $kind }/8080 сияқты көрсетіңіз.
