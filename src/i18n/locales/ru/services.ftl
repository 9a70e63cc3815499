services-title = Службы
services-state-up = работает
services-state-down = не отвечает
services-state-unknown = неизвестно
services-state-unchecked = не проверяется
services-count-up = { $count ->
    [one] { $count } работает
   *[other] { $count } работают
}
services-count-down = { $count ->
    [one] { $count } не отвечает
   *[other] { $count } не отвечают
}
services-count-unknown = { $count ->
    [one] { $count } неизвестна
   *[other] { $count } неизвестны
}
services-heading-up = Все проверяемые службы работают
services-heading-down = { $count ->
    [one] { $count } служба не отвечает
    [few] { $count } службы не отвечают
   *[other] { $count } служб не отвечают
}
services-heading-unknown = { $count ->
    [one] О { $count } службе ничего не известно
   *[other] О { $count } службах ничего не известно
}
services-heading-unchecked = Ни одна служба не проверяется
services-column-state = Состояние
services-column-address = Адреса и порты
services-column-check = Проверка
services-column-took = Время ответа, мс
services-column-failed = Последняя неудача
services-partly = Не отвечает { $down } из { $all }: остальных хватает.
services-owner = Кто отвечает
services-owner-institution = Отвечает учреждение
services-owner-other = не учреждение из реестра
services-owner-name = Отвечает лицо или подразделение
services-owner-help = Кому звонить, когда служба не отвечает.
services-owner-phone = Телефон
services-owner-email = Электронная почта
services-about-ru = Для чего служба, по-русски
services-about-kk = Для чего служба, по-казахски
services-about-en = Для чего служба, по-английски
services-checks = Проверки
services-checks-help = По одной в строке: tcp; http/8080 /health status=200-299 text="готово" every=30; dns name=mail.example.kz. Без порта берётся первый порт службы. Обычно каждые 30 с, ответ за 2 с, не отвечает после 3 неудач (fall=3), снова работает после 2 ответов (rise=2). Службу с TLS проверяйте через tcp.
services-no-checks = У службы нет проверок, и узел не знает, работает ли она. Добавьте проверку в сведениях о службе: например, tcp.
services-not-yet = Служба ещё не проверена: ответ будет через несколько секунд.
services-history = История
services-history-none = Перемен ещё не было
services-history-text = Здесь появится, когда служба перестала отвечать и когда ответила снова. Записи хранятся 90 дней.
services-who-segments = Сегменты по правилам
services-who-people = Люди по сертификату
services-routes-none = Закрытая часть к этой службе не ведёт.
services-routes-count = { $count ->
    [one] и { $count } путь по сертификату
    [few] и { $count } пути по сертификату
   *[other] и { $count } путей по сертификату
}
services-route-open = открыт всем, сертификат не нужен
services-route-right = нужно право { $right }
services-person = Доступна ли человеку
services-person-ask = Узнать
services-person-none = Людей с таким именем нет.
services-person-administrator = администратор сети
services-person-may = { $name }: путь { $route } доступен.
services-person-may-not = { $name }: путь { $route } не доступен, нет права { $missing }. Дать его может: { $ask }.
services-why-refused = Сервер отказал в соединении: на этом порту ничего не работает. Запустите службу или исправьте порт в сведениях о ней.
services-why-timed-out = Ответ не пришёл вовремя: сервер выключен или перегружен, либо пакеты не пропускает фильтр.
services-why-no-host = Сервер не отвечает в своей сети. Проверьте, включён ли он, подключён ли кабель и верен ли адрес.
services-why-no-way = У узла нет пути к этому адресу, поэтому о службе ничего не известно. Проверьте каналы и маршруты узла.
services-why-broken-off = Соединение оборвалось, не дав ответа целиком. Посмотрите журнал службы.
services-why-fault = Ответ { $code }: служба запущена, но сообщает о своей ошибке. Посмотрите её журнал.
services-why-status = Ответ { $code }: служба отвечает не тем, чего ждёт проверка. Сверьте путь и status проверки.
services-why-no-text = В ответе нет ожидаемого текста: служба показывает другое, или text проверки устарел.
services-why-not-http = Ответ не похож на HTTP/1.1: на порту другая служба или TLS. Тогда проверяйте через tcp.
services-why-dns = Сервер имён ответил { $code }. Посмотрите его журнал и то, кого он обслуживает.
services-why-no-name = Сервер имён не знает адреса этого имени. Проверьте его зону или name проверки.
services-why-not-dns = Это не ответ на вопрос об имени: на порту другая служба.
services-why-dark = Сеть { $network } за узлом без связи, поэтому о службе ничего не известно.
services-why-ours = Узел сам не смог проверить ({ $error }), поэтому о службе ничего не известно.
services-why-other = Проверка не удалась: { $error }.
services-why-later = Причину записала более новая версия узла.
services-fault-text = Слишком длинно или есть невидимый знак: описание до 1000 букв, слова об ответственном до 200.
services-fault-owner = Учреждения { $id } нет в реестре: выберите другое или назовите ответственного словами.
services-fault-line = Строка { $no }: { $fault }
services-fault-kind = «{ $word }»: начните с tcp, http или dns, при нужде с портом: http/8080.
services-fault-word = «{ $word }» непонятно: бывают /путь, status=, text=, name=, every=, timeout=, fall=, rise=.
services-fault-number = «{ $word }»: нужно целое число.
services-fault-status = «{ $word }» не код ответа: напишите 200 или 200-399.
services-fault-many = У службы «{ $service }» больше { $most } проверок: уберите лишние.
services-fault-every = every: от 1 до 3600 секунд.
services-fault-timeout = timeout: от 1 до 30 секунд и не больше, чем every.
services-fault-row = fall и rise: от 1 до 20.
services-fault-path = «{ $word }» не путь: начните с /, без пробелов, до 200 букв.
services-fault-body = text: до 200 букв, без невидимых знаков.
services-fault-name = «{ $word }» не имя: напишите, например, name=mail.example.kz.
services-fault-part = у проверки { $kind } не бывает { $part }: уберите.
services-fault-port = у службы нет порта для проверки { $kind }: укажите его, как в { $kind }/8080.
