# Құқықтар: кімге не рұқсат. Атаулар атау септігінде тұрады.

## Бөлімдер
rights-title = Құқықтар
rights-tab-people = Адамдар
rights-tab-roles = Рөлдер
rights-tab-report = Кімге не рұқсат

## Не жетіспейді
rights-denied-title = Құқық жетіспейді
rights-denied-what = Бұл үшін қажет құқық: { $right }.
rights-denied-ask = Кімге хабарласу керек: { $names }.
rights-denied-administrator = желі әкімшісі
rights-denied-me = Менің құқықтарым

## Құқықтар
right-network-read = желіні көру: сегменттер, ажыраулар
right-network-write = сегменттерді, провайдер тораптарын, қызмет көрсетуді өзгерту
right-rules-read = ережелерді көру
right-rules-write = ережелерді өзгерту
right-traffic-read = трафикті және оның есептерін көру
right-traffic-write = квоталарды өзгерту
right-journal-read = журналды оқу
right-system-read = тораптың күйін көру
right-system-write = сеанстарды аяқтау, кіру сілтемелерін беру
right-ca-read = сертификаттар мен өтінімдерді көру
right-ca-issue = сертификат шығару
right-ca-revoke = сертификатты кері қайтарып алу және тоқтата тұру
right-rights-read = құқықтарды көру
right-rights-write = құқық беру және алып тастау
right-portal-enter = жабық бөлікке кіру

## Рөлдер
role-administrator = Әкімші
role-ca-officer = Куәландыру орталығының қызметкері
role-rights-administrator = Құқықтар әкімшісі
role-auditor = Аудитор
role-observer = Бақылаушы
role-civil-servant = Мемлекеттік қызметші

## Қай жерде қолданылады
scope-everywhere = Барлық жерде
scope-district = Аудан: { $id }
scope-institution = Мекеме: { $id }
scope-segment = Сегмент: { $id }
scope-kind-district = Аудан
scope-kind-institution = Мекеме
scope-kind-segment = Сегмент
scope-kind-other = Басқа, түр:атау түрінде

## Адамдар
rights-people-heading = Құқығы бар адамдар: { $count }
rights-people-none = Әзірге ешкімнің құқығы жоқ
rights-people-list = Адамдар
rights-people-empty = Ешкім табылмады
rights-people-empty-text = Адам осында алғашқы сертификатымен бірге пайда болады. Басқа атауды теріп көріңіз.
rights-column-name = Аты-жөні
rights-column-organisation = Мекеме
rights-column-roles = Рөлдер
rights-column-state = Күйі
rights-person-suspended = құқықтары тоқтатыла тұрған
rights-person-active = құқықтары күшінде
rights-person-nothing = құқығы жоқ

## Адам
rights-person-id = Сәйкестендіргіш
rights-person-institution = Мекеме
rights-person-known = Тізілімде
rights-grants = Берілген рөлдер
rights-grants-empty = Рөлдер жоқ
rights-grants-empty-text = Осы адамға рөл беріңіз.
rights-column-role = Рөл
rights-column-scope = Қай жерде қолданылады
rights-column-from = Басталуы
rights-column-until = Аяқталуы
rights-column-given-by = Кім берді
rights-column-why = Негіздеме
rights-column-acts = Әрекеттер
rights-state-holds = күшінде
rights-state-waits = екінші адамды күтуде
rights-state-waits-partly = күшінде, екінші адамды күтетіннен басқасы
rights-state-later = кейін басталады
rights-state-suspended = тоқтатыла тұрған
rights-state-over = аяқталған
rights-no-end = мерзімсіз
rights-act-give = Рөл беру
rights-act-end = Тоқтату
rights-act-suspend = Тоқтата тұру
rights-act-resume = Қайта қосу
rights-act-confirm = Растау
rights-act-stand-in = Орынбасар тағайындау
rights-act-person-suspend = Барлық құқықтарды тоқтата тұру
rights-act-person-resume = Барлық құқықтарды қайта қосу
rights-stands-in = Кімнің орнында
rights-stand-ins = Орнында кім
rights-none-stands-in = Ешкім

## Нысандар
rights-ask-role = Рөл
rights-ask-scope-kind = Қай жерде қолданылады
rights-ask-scope-id = Нақты қайда
rights-ask-scope-id-help = Мекеменің немесе сегменттің сәйкестендіргіші не ауданның атауы. «Барлық жерде» үшін бос қалдырыңыз.
rights-ask-from = Басталуы
rights-ask-from-help = Бос болса: бірден.
rights-ask-until = Аяқталуы
rights-ask-until-help = Бос болса: мерзімсіз.
rights-ask-why = Негіздеме
rights-ask-why-help = Бұйрық немесе өтінім; журналға жазылады.
rights-ask-substitute = Орнында кім болады
rights-ask-substitute-help = Осы уақытта орынбасардың құқықтары дәл сондай болады, ал журналда оның кім үшін әрекет ететіні жазылады.
rights-give-heading = Рөл беру: { $name }
rights-stand-in-heading = Орнын басу: { $name }
rights-act-heading = { $act }: { $what }
rights-done = Дайын. Өзгеріс қазірдің өзінде күшінде.
rights-waits-done = Рөл берілді. Екінші адам растағанда күшіне енеді.
rights-stand-in-waits-done = Орынбасар тағайындалды. Орын басу екінші адам растағанда күшіне енеді.

## Қателер
rights-fault-scope = Мұндай жер жоқ: сәйкестендіргішті көрсетіңіз немесе «барлық жерде» дегенді таңдаңыз.
rights-fault-moment = Бұл күн мен уақыт емес.
rights-fault-person = Мұндай адам жоқ.
rights-fault-role = Мұндай рөл жоқ.
rights-fault-times = Аяқталуы басталуынан бұрын немесе өтіп кеткен.
rights-fault-why = Негіздемесін жазыңыз.
rights-fault-own = Ешкім өзіне құқық бермейді. Басқа құқықтар әкімшісіне хабарласыңыз.
rights-fault-outside = Ол жерде құқық бере алмайсыз. Соған жауапты адамға хабарласыңыз.
rights-fault-second = Екінші адам растауы керек: берген адам да, алатын адам да емес.
rights-fault-last = Бұдан кейін ешкім құқық бере алмайды. Алдымен басқа құқықтар әкімшісін тағайындаңыз.
rights-fault-already = Дәл осындай жазба күшінде тұр.
rights-fault-gone = Ол аяқталған немесе өзгертілген. Қайта қараңыз.
rights-fault-built-in = Бұл рөл торапқа тиесілі, оның құқықтары өзгермейді. Басқасын жасаңыз.
rights-fault-role-id = Рөлдің атауы: a-z, 0-9 және «-» таңбаларының 1-ден 48-ге дейінгісі.
rights-fault-role-empty = Кемінде бір құқықты көрсетіңіз.
rights-fault-role-held = Бұл рөл адамдарда бар. Алдымен оларда тоқтатыңыз.

## Рөлдер беті
rights-roles-heading = Рөлдер: { $count }
rights-roles-list = Рөлдер
rights-roles-new = Жаңа рөл
rights-roles-edit = Рөл: { $name }
rights-roles-close = Рөлді жабу
rights-roles-closed = Рөл жабылды.
rights-column-id = Сәйкестендіргіш
rights-column-rights = Құқықтар
rights-column-second = Екінші адам
rights-second-yes = қажет
rights-second-no = қажет емес
rights-ask-id = Сәйкестендіргіш
rights-ask-title = Атауы
rights-ask-rights = Құқықтар
rights-ask-rights-help = Әр жолға біреуден немесе бос орын арқылы: { $known }
rights-ask-second = Әр берілген рөл екінші адам растағанша күтеді

## Есеп
rights-report-heading = Кімге не рұқсат, { $day }
rights-report-list = Кімге не рұқсат
rights-report-on = Күні
rights-report-right = Құқық
rights-report-empty = Ол кезде мұны ешкім істей алмады
rights-report-empty-text = Басқа күнді немесе басқа құқықты таңдаңыз.
rights-report-csv = Кесте түрінде (CSV)
rights-report-for = кім үшін: { $name }

## Менің құқықтарым
me-institution = Мекеме
me-suspended = Құқықтарыңыз тоқтатыла тұрған. Кімге хабарласу керек: { $names }.
me-nothing = Әзірге құқығыңыз жоқ. Кімге хабарласу керек: { $names }.
me-role = Рөл
me-where = Қай жерде қолданылады
me-when = Аяқталуы
me-what = Не істеуге болады
me-for = Кім үшін
me-own = өзіңіз үшін

## Журналда
action-rights-person-add = адам енгізілді
action-rights-person-rename = адамның аты немесе мекемесі өзгертілді
action-rights-grant = рөл берілді
action-rights-end = рөл тоқтатылды
action-rights-confirm = рөлді екінші адам растады
action-rights-suspend = рөл тоқтатыла тұрды
action-rights-resume = рөл қайта қосылды
action-rights-person-suspend = адамның барлық құқықтары тоқтатыла тұрды
action-rights-person-resume = адамның құқықтары қайта қосылды
action-rights-substitute = орынбасар тағайындалды
action-rights-substitute-confirm = орын басуды екінші адам растады
action-rights-substitute-end = орнын басу тоқтатылды
action-rights-role = рөл өзгертілді
action-rights-role-close = рөл жабылды
