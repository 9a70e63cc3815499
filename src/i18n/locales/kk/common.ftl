# Барлық беттің ортақ сөздері: өлшем бірліктері, күйлер, бет жиектемесі, қателер. Атаулар атау септігінде тұрады.

unit-byte = Б
unit-kilobyte = КБ
unit-megabyte = МБ
unit-gigabyte = ГБ
unit-terabyte = ТБ
unit-bit-rate = бит/с
unit-kilobit-rate = Кбит/с
unit-megabit-rate = Мбит/с
unit-gigabit-rate = Гбит/с
unit-terabit-rate = Тбит/с
unit-millisecond = мс
unit-second = с
unit-minute = мин
unit-hour = сағ
unit-day = күн

month-of-1 = қаңтар
month-of-2 = ақпан
month-of-3 = наурыз
month-of-4 = сәуір
month-of-5 = мамыр
month-of-6 = маусым
month-of-7 = шілде
month-of-8 = тамыз
month-of-9 = қыркүйек
month-of-10 = қазан
month-of-11 = қараша
month-of-12 = желтоқсан

state-up = жұмыс істейді
state-down = байланыс жоқ
state-degraded = тұрақсыз
state-maintenance = жоспарлы жұмыс
state-unknown = дерек жоқ
# Саннан кейінгі сөз: «43 жұмыс істейді»; санның өзі бөлек басылады.
count-up = { $count ->
   *[other] жұмыс істейді
}
count-down = байланыссыз
count-degraded = { $count ->
   *[other] тұрақсыз
}
count-maintenance = жоспарлы жұмыста
count-unknown = дерексіз
counts-label = Қай күйде қанша сегмент бар

language-name = Қазақша
language-switch = Тіл
theme-switch = Көрініс
theme-auto = Жүйедегідей
theme-light = Ашық
theme-dark = Күңгірт
skip-to-content = Мазмұнға өту
navigation = Бөлімдер
breadcrumbs = Сіз қайдасыз
search-label = Іздеу
search-hint = Сегмент, мекеме, мекенжай
menu = Мәзір
preferences = Көрініс баптаулары
sign-out = Шығу
print = Басып шығару
download-csv = CSV
all = Барлығы
close = Жабу
details = толығырақ
page-of-print = Осы беттің мекенжайы
printed-at = Басып шығарылған уақыты: { $moment }
zone-of-times = Уақыт: { $zone }
footer-help = Пернелер

help-title = Пернелер
help-search = іздеу
help-help = осы анықтама
help-rows = келесі немесе алдыңғы жол
help-open = жолды ашу
help-star = сызба немесе кесте
help-wall = қабырға экраны
help-pause = трафик: көрсетуді кідірту немесе жалғастыру
help-go = өту: { $place }
help-escape = жабу, белгілеуді алып тастау
help-shortcuts-on = Пернелерді қосу
help-shortcuts-off = Пернелерді өшіру
help-shortcuts-state-on = Жылдам пернелер қосулы.
help-shortcuts-state-off = Жылдам пернелер өшірулі.

age = деректер { $age } бұрын алынған
age-now = деректер жаңа
live-stale = Жаңартулар { $age } бойы келмей тұр. Бетте сағат { $time } кезіндегі жағдай көрсетілген; қайта қосылып жатырмыз.
live-back = Тораппен байланыс қалпына келді, деректер жаңа.
live-needs-script = JavaScript болмаса, бет 10 секунд сайын жаңарады.
loading = Жүктеліп жатыр…

error-not-found-title = Мұндай бет жоқ
error-not-found-what = Бұл мекенжайда ештеңе жоқ: сілтеме ескірген немесе қате терілген болуы мүмкін.
error-not-found-do = Мекенжайды тексеріңіз, керегіңізді іздеу арқылы табыңыз немесе шолудан бастаңыз.
error-forbidden-title = Бұл бетке кіруге болмайды
error-forbidden-what = Бет бар, бірақ сізде оған құқық жоқ.
error-forbidden-do = Бет жұмысыңызға қажет болса, торап әкімшісінен құқық сұраңыз және осы мекенжайды айтыңыз.
error-sign-in-title = Алдымен кіріңіз
error-sign-in-what = Бет әкімшінің сертификатымен немесе бір реттік сілтемемен ашылады. Бұрынғы кірудің мерзімі өтіп кеткен болуы мүмкін.
error-sign-in-do = Браузер сұрағанда сертификатты таңдаңыз немесе жаңа сілтемені мына пәрменмен алыңыз:
error-stale-title = Жазбаны басқа біреу өзгертіп қойды
error-stale-what = Сіз түзетіп жатқанда, бұл жазбаны басқа адам сақтады. Сіздің түзетулеріңіз жазылған жоқ, оның түзетулері сол күйінде қалды.
error-stale-do = Жазбаны қайта ашып, салыстырыңыз және түзетулеріңізді қайтадан енгізіңіз. Терген мәтініңізді браузердің «Артқа» түймесі қайтарады.
error-internal-title = Орындалмады
error-internal-what = Торапта қате болды, бет құрылған жоқ. Сегменттерді бақылау тоқтаған жоқ.
error-internal-do = Бір минуттан кейін қайталап көріңіз. Қайталанса, торап әкімшісіне қатенің нөмірін айтыңыз.
error-unavailable-title = Сәл күте тұрыңыз
error-unavailable-what = Тораптың қажетті бөлігі қазір жауап бермейді: іске қосылып жатыр немесе шамадан тыс жүктелген.
error-unavailable-do = Бөлік жауап берген бойда бет өзі ашылады. Сегменттерді бақылау жалғасып жатыр.
error-bad-request-title = Сұрау түсініксіз
error-bad-request-what = Браузер бұл бет қабылдамайтын дерек жіберді. Ештеңе өзгерген жоқ.
error-bad-request-do = Артқа қайтып, енгізгеніңізді тексеріп, қайта жіберіңіз.
error-reference = Қате нөмірі: { $reference }
error-to-overview = Шолуға өту
error-try-again = Қайталап көру

star-title = Торап байланыстары
star-as-star = Сызба
star-as-table = Кесте
star-label = Тораптың жұлдызы: { $count ->
   *[other] { $count } сегмент
}
star-hub = торап
star-width = сызықтың қалыңдығы — қазіргі трафик
star-node = { $name }: { $state }
star-group = { $name }: { $count ->
   *[other] { $count } сегмент
}, { $state }
star-group-down = байланыссыз { $count }
star-group-troubled = { $total } ішінен { $count }
star-elsewhere = Назар аударуды қажет етеді
star-more = және тағы { $count }
star-no-group = Басқалары

chart-table = Деректер кесте түрінде
chart-time = Уақыт
chart-no-data = Бұл уақыт үшін дерек жоқ
chart-loss = Жоғалу, %
chart-rtt-distribution = Қанша жауап қанша уақытта келді
chart-answers = Жауап саны
chart-time-up-to = Жауап уақыты, мс
chart-from-to = { $from } – { $to }
chart-lost-share = Жоғалған сынама: { $percent } %
sparkline-summary = ең азы { $min }, ең көбі { $max }
sparkline-empty = дерек жоқ
strip-label = Күндер бойынша қолжетімділік, { $count ->
   *[other] { $count } күн
}
strip-day = { $date }: қолжетімділік { $percent } %, байланыссыз { $down }
strip-day-whole = { $date }: үзіліссіз
strip-day-partly = { $date }: үзіліс байқалмады, дерек жоқ: { $unknown }
strip-day-unknown = { $date }: дерек жоқ
strip-ago = { $count ->
   *[other] { $count } күн бұрын
}
strip-date = Күні
strip-all-whole = Барлық күн үзіліссіз
strip-today = бүгін

timeline-state = Күйі
timeline-length = Ұзақтығы

sort-by = сұрыптау: { $column }
row-count = { $count ->
   *[other] { $count } жол
}
table-scrolls = Кесте экраннан кең: оны жанына жылжытуға болады.
pager-label = Тізім беттері
pager-previous = Алдыңғы
pager-next = Келесі
pager-shown = { $from } – { $to }, барлығы { $total }

form-errors = { $count ->
   *[other] Сақталмады: { $count } өрісті түзетіңіз
}
form-unusual = Бәрі дұрыс па?
form-anyway = Бәрібір сақтау
form-error = Қате:
form-optional = міндетті емес
form-one-of-three = үшеуінің кемінде бірі
form-choose = Таңдаңыз…
form-draft-restored = Жіберілмеген қаралама қалпына келтірілді.
form-draft-discard = Қайтадан бастау
form-save = Сақтау
form-cancel = Бас тарту

value-none = жоқ
value-unknown = белгісіз
yes = иә
no = жоқ

story-emergency = Апаттық.
story-planned = Жоспарлы.
flash-close = Хабарды алып тастау
error-form-expired-title = Толтыру беті ескірген
error-form-expired-what = Толтыру беті тым ерте ашылған немесе жүйеге қайта кірілген. Жіберілген дерек жазылған жоқ.
error-form-expired-do = Артқа қайтып, бетті жаңартыңыз да, қайта толтырып жіберіңіз.
