gateway-refused = Выход на { $host } закрыт
gateway-rule = Не разрешает правило «{ $rule }».
gateway-no-rule = Ни одно правило этого не разрешает.
gateway-inner = Этот адрес внутри сети, а шлюз ведёт только наружу.
gateway-special = Снаружи нет узла с таким адресом.
gateway-stranger = Ваш адрес не принадлежит ни одному сегменту сети.
gateway-until = Ответ изменится { $moment }.
gateway-ask = Если это нужно для работы, обратитесь: { $whom }.
gateway-administrator = администратор сети
gateway-no-name = У имени { $host } нет адреса. Проверьте, нет ли опечатки.
gateway-no-resolver = Адрес { $host } сейчас не узнать: сервер имён не отвечает. Повторите через минуту.
gateway-unreachable = { $host } не отвечает. Возможно, он выключен или занят: повторите позже.
gateway-crowded = { $most ->
    [one] Сегменту разрешено { $most } одновременное соединение, и оно занято. Повторите, когда оно закончится.
    [few] Сегменту разрешено { $most } одновременных соединения, и все заняты. Повторите, когда часть закончится.
   *[other] Сегменту разрешено { $most } одновременных соединений, и все заняты. Повторите, когда часть закончится.
}
gateway-full = Открыто слишком много соединений. Повторите через минуту.
gateway-broken = { $host } прервал связь, не ответив. Повторите.
gateway-wrong = Узел не понял запроса. Проверьте адрес и настройки прокси.
gateway-foot = Это ответ узла сети, а не сайта.

out-title = Выход наружу
out-heading = { $count ->
    [one] { $count } правило выхода наружу
    [few] { $count } правила выхода наружу
   *[other] { $count } правил выхода наружу
}
out-heading-none = Наружу не выходит никто
out-empty = Правил нет. Напишите первое: кому, куда, на какие порты и в какие часы можно.
out-now = Действует
out-version = Версия
out-versions = Версии
out-no-versions = Пока ни одной.
out-open = Открытых соединений
out-relays = Ретрансляция: службы на адресе узла
out-relay = Служба
out-ports = Порты
out-target = Сервер
out-relay-open = Открыто
out-state = Состояние
out-relay-on = принимает
out-relay-fault = не принимает: { $why }
out-udp = Из них по UDP
out-udp-told = SOCKS { $socks }, службы { $relays }
out-no-relays = Нет ни одной: через узел службы не ретранслируются.
out-dropped = Отброшено датаграмм
out-drop-stranger = от посторонних
out-drop-malformed = неверных
out-drop-fragment = по частям
out-drop-refused = по правилам
out-drop-no-name = имя без адреса
out-drop-crowded = открыто слишком много
out-drop-unasked = ответов без запроса
out-drop-unsent = не отправлено
out-rules = Правила, решает первое подходящее
out-rule = Правило
out-does = Действие
out-for = Для кого
out-to = Куда
out-hours = В часы
out-allows = разрешает
out-refuses = запрещает
out-off = выключено
out-everybody = для всех
out-anywhere = куда угодно наружу
out-always = всегда
out-change = Изменить правила
out-change-heading = Изменение правил выхода
out-text = Правила
out-text-help = JSON: groups, lists, rules, limits, relays. Действуют сразу, и на открытые соединения тоже; обрываются только те, что потеряли право.
out-apply = Ввести в действие
out-applied = Действует версия { $version }. Оборвано соединений: { $cut }.
out-changed = Тем временем правила изменены: действует версия { $version }. Откройте страницу заново и измените её.
out-unreadable = Это не набор правил: { $why }
out-would = Выйдет ли?
out-segment = Сегмент или адрес
out-person = Человек, как в сертификате
out-host = Куда (узел:порт)
out-moment = Когда (2026-11-30T09:00)
out-help = По сегменту и узлу видно, что будет и какое правило решит; без времени – сейчас.
out-no-segment = Такого сегмента нет.
out-no-host = Напишите узел и порт: example.kz:443.
out-no-moment = Напишите время так: 2026-11-30T09:00.
out-no-address = У имени нет адреса, или сервер имён не отвечает.
out-yes = Да, по правилу «{ $rule }».
out-no = Нет.
out-addresses = Адреса
out-passed = Правила до него
out-unfit-who = для других
out-unfit-to = ведёт в другое место
out-unfit-port = для других портов
out-unfit-hours = для других часов
out-unfit-way = для тех, кто ходит через прокси
out-way = Как
out-by-proxy = Через прокси
out-by-itself = Без прокси

# Форма одного правила выхода.
out-rule-new = Новое правило выхода
out-rule-title = Правило
out-rule-add = Добавить правило
out-as-text = Всё текстом
out-rule-id = Обозначение
out-rule-id-wrong = Латинские строчные буквы, цифры и дефис, например school-sites.
out-rule-id-taken = Такое обозначение есть у другого правила: выберите новое.
out-rule-place = Место
out-rule-place-help = Правила спрашивают с первого, решает первое подходящее.
out-rule-segments = Сегменты
out-rule-segments-help = Обозначения, каждое с новой строки. Если все три поля пусты, правило для всех.
out-rule-groups = Группы сегментов
out-rule-persons = Люди
out-rule-persons-help = Обозначения как в сертификате, каждое с новой строки.
out-rule-domains = Домены
out-rule-domains-help = example.kz вместе со всеми под ним, =example.kz только сам; каждый с новой строки. Если все три поля пусты, правило ведёт куда угодно наружу.
out-rule-lists = Списки доменов
out-rule-addresses = Адреса
out-rule-addresses-help = 198.51.100.0/24 или 2001:db8::/32, каждый с новой строки.
out-rule-ports = Порты
out-rule-ports-help = tcp/443, udp/5000-5100; пусто – все, кроме почты (25).
out-rule-hours-help = mon-fri 09:00-18:00, каждые с новой строки; пусто – всегда.
out-rule-ask = К кому обратиться
out-rule-ask-help = Это прочтёт тот, кому отказано; пусто – администратор сети.
out-rule-ask-ru = По-русски
out-rule-ask-kk = По-казахски
out-rule-ask-en = По-английски
out-rule-off = Пока не применять
out-rule-remove = Удалить правило
out-rule-unread = Не удалось понять: { $what }
out-rule-no-segment = Нет такого сегмента: { $what }
out-rule-transparent = И для тех, кто не знает о прокси
gateway-request = Запросить доступ

out-requests = Запросы тех, кому отказано
out-requests-none = Никто не обращался.
out-request-number = Номер
out-request-who = Кто просит
out-request-what = Для чего
