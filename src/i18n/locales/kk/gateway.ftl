gateway-refused = { $host } сайтына шығу жабық
gateway-rule = «{ $rule }» ережесі рұқсат бермейді.
gateway-no-rule = Бұған рұқсат беретін ереже жоқ.
gateway-inner = Бұл мекенжай желінің ішінде, ал шлюз тек сыртқа шығарады.
gateway-special = Сыртта мұндай мекенжайы бар торап жоқ.
gateway-stranger = Сіздің мекенжайыңыз желінің ешбір сегментіне жатпайды.
gateway-until = Жауап { $moment } өзгереді.
gateway-ask = Жұмысқа қажет болса, хабарласыңыз: { $whom }.
gateway-administrator = желі әкімшісі
gateway-no-name = { $host } атауының мекенжайы жоқ. Дұрыс жазылғанын тексеріңіз.
gateway-no-resolver = { $host } мекенжайын қазір білу мүмкін емес: атаулар сервері жауап бермейді. Бір минуттан кейін қайталаңыз.
gateway-unreachable = { $host } жауап бермейді. Ол өшірулі немесе бос емес болуы мүмкін: кейінірек қайталаңыз.
gateway-crowded = { $most ->
    [one] Сегментке бір мезгілде { $most } қосылымға рұқсат берілген, ол бос емес. Аяқталған соң қайталаңыз.
   *[other] Сегментке бір мезгілде { $most } қосылымға рұқсат берілген, бәрі бос емес. Бір бөлігі аяқталған соң қайталаңыз.
}
gateway-full = Тым көп қосылым ашық. Бір минуттан кейін қайталаңыз.
gateway-broken = { $host } жауап бермей байланысты үзді. Қайталаңыз.
gateway-wrong = Торап сұрауды түсінбеді. Мекенжайды және прокси баптауларын тексеріңіз.
gateway-foot = Бұл сайттың емес, желі торабының жауабы.

out-title = Сыртқа шығу
out-heading = { $count ->
    [one] Сыртқа шығудың { $count } ережесі
   *[other] Сыртқа шығудың { $count } ережесі
}
out-heading-none = Сыртқа ешкім шықпайды
out-empty = Ереже жоқ. Біріншісін жазыңыз: кімге, қайда, қандай порттарға және қай сағаттарда болады.
out-now = Күшінде
out-version = Нұсқа
out-versions = Нұсқалар
out-no-versions = Әзірге жоқ.
out-open = Ашық қосылымдар
out-rules = Ережелер, сәйкес келген бірінші шешеді
out-rule = Ереже
out-does = Әрекеті
out-for = Кімге
out-to = Қайда
out-hours = Қай сағаттарда
out-allows = рұқсат береді
out-refuses = тыйым салады
out-off = өшірулі
out-everybody = бәріне
out-anywhere = сыртқа кез келген жерге
out-always = әрқашан
out-change = Ережелерді өзгерту
out-change-heading = Шығу ережелерін өзгерту
out-text = Ережелер
out-text-help = JSON: groups, lists, rules, limits. Бірден күшіне енеді, ашық қосылымдарға да; құқығын жоғалтқандары ғана үзіледі.
out-apply = Күшіне енгізу
out-applied = { $version } нұсқасы күшінде. Үзілген қосылымдар: { $cut }.
out-changed = Осы арада ережелер өзгерді: { $version } нұсқасы күшінде. Бетті қайта ашып, соны өзгертіңіз.
out-unreadable = Бұл ережелер жинағы емес: { $why }
out-would = Шыға ма?
out-segment = Сегмент немесе мекенжай
out-host = Қайда (торап:порт)
out-moment = Қашан (2026-11-30T09:00)
out-help = Сегмент пен торап бойынша не болатыны және қай ереже шешетіні көрінеді; уақытсыз – қазір.
out-no-segment = Мұндай сегмент жоқ.
out-no-host = Торап пен портты жазыңыз: example.kz:443.
out-no-moment = Уақытты былай жазыңыз: 2026-11-30T09:00.
out-no-address = Атаудың мекенжайы жоқ немесе атаулар сервері жауап бермейді.
out-yes = Иә, «{ $rule }» ережесі бойынша.
out-no = Жоқ.
out-addresses = Мекенжайлар
out-passed = Оған дейінгі ережелер
out-unfit-who = басқаларға арналған
out-unfit-to = басқа жаққа апарады
out-unfit-port = басқа порттарға арналған
out-unfit-hours = басқа сағаттарға арналған

# Шығу ережесінің формасы.
out-rule-new = Шығудың жаңа ережесі
out-rule-title = Ереже
out-rule-add = Ереже қосу
out-as-text = Бәрі мәтінмен
out-rule-id = Белгісі
out-rule-id-wrong = Латынның кіші әріптері, цифрлар мен сызықша, мысалы school-sites.
out-rule-id-taken = Мұндай белгі басқа ережеде бар: жаңасын таңдаңыз.
out-rule-place = Орны
out-rule-place-help = Ережелер біріншіден бастап сұралады, бірінші сәйкесі шешеді.
out-rule-segments = Сегменттер
out-rule-segments-help = Белгілері, әрқайсысы жаңа жолдан. Үш өріс те бос болса, ереже барлығына арналған.
out-rule-groups = Сегмент топтары
out-rule-persons = Адамдар
out-rule-persons-help = Сертификаттағы белгілері, әрқайсысы жаңа жолдан.
out-rule-domains = Домендер
out-rule-domains-help = example.kz өзінің астындағылармен бірге, =example.kz тек өзі; әрқайсысы жаңа жолдан. Үш өріс те бос болса, ереже сыртқа кез келген жерге апарады.
out-rule-lists = Домен тізімдері
out-rule-addresses = Мекенжайлар
out-rule-addresses-help = 198.51.100.0/24 немесе 2001:db8::/32, әрқайсысы жаңа жолдан.
out-rule-ports = Порттар
out-rule-ports-help = tcp/443, udp/5000-5100; бос болса – поштадан (25) басқасының бәрі.
out-rule-hours-help = mon-fri 09:00-18:00, әрқайсысы жаңа жолдан; бос болса – әрқашан.
out-rule-ask = Кімге жүгіну керек
out-rule-ask-help = Мұны рұқсат алмаған адам оқиды; бос болса – желі әкімшісі.
out-rule-ask-ru = Орысша
out-rule-ask-kk = Қазақша
out-rule-ask-en = Ағылшынша
out-rule-off = Әзірге қолданбау
out-rule-remove = Ережені жою
out-rule-unread = Түсініксіз: { $what }
out-rule-no-segment = Мұндай сегмент жоқ: { $what }
