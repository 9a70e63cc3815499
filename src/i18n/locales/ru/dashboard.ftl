# Страницы администратора. Ключ начинается с имени страницы.

## Слова нескольких страниц
db-show = Показать
db-lasts = длится
db-segment = Сегмент
db-state = Состояние
db-since = С какого времени
db-for = Уже
db-rtt-ms = Задержка, мс
db-loss-percent = Потеряно проб за минуту, %
db-last-hour = Последний час
db-district = Район
db-provider = Провайдер
db-institution = Учреждение
db-from = С
db-to = По
db-when = Когда
db-more = и ещё { $count }

## Обзор
overview-title = Обзор
overview-down = { $count ->
    [one] { $count } сегмент без связи
    [few] { $count } сегмента без связи
   *[other] { $count } сегментов без связи
}
overview-degraded = { $count ->
    [one] { $count } сегмент неустойчив
    [few] { $count } сегмента неустойчивы
   *[other] { $count } сегментов неустойчивы
}
overview-unknown = { $count ->
    [one] Об { $count } сегменте нет данных
   *[other] О { $count } сегментах нет данных
}
overview-unheard = { $count ->
    [one] { $count } сегмент ещё ни разу не ответил
    [few] { $count } сегмента ещё ни разу не ответили
   *[other] { $count } сегментов ещё ни разу не ответили
}
overview-maintenance = { $count ->
    [one] Все на связи, в { $count } сегменте плановые работы
   *[other] Все на связи, в { $count } сегментах плановые работы
}
overview-all-up = Все сегменты на связи
overview-empty = Сегментов пока нет
overview-empty-text = Добавьте первый сегмент или загрузите список из файла CSV: наблюдение начнётся сразу, без перезапуска.
overview-blind = Ни об одном сегменте нет данных
overview-stale = Наблюдение остановилось
overview-of = { $count ->
    [one] из { $count } сегмента
   *[other] из { $count } сегментов
}
overview-warning-stale = Процесс наблюдения молчит уже { $length }. Что показано ниже, было верно до этого; состояние сегментов сейчас неизвестно.
overview-warning-dark = Магистраль «{ $name }» не отвечает: узел не видит сегменты за ней. Проверьте кабель и питание порта узла.
overview-segments = Сегменты
overview-more-segments = { $count ->
    [one] и ещё { $count } сегмент в реестре
    [few] и ещё { $count } сегмента в реестре
   *[other] и ещё { $count } сегментов в реестре
}
overview-outages-now = Отключения сейчас
overview-no-outages = Отключений нет.
overview-last-outage = Последнее закончилось: { $name }, { $when }, длилось { $length }.
overview-more-outages = { $count ->
    [one] и ещё { $count } отключение
    [few] и ещё { $count } отключения
   *[other] и ещё { $count } отключений
}
overview-changed = Что изменилось
overview-nothing-changed = За последние сутки ничего не менялось.
overview-change-up = связь снова устойчива
overview-change-up-after = связь восстановлена, простой { $length }
overview-change-retired = снят с учёта, связи не было { $length }
overview-change-down = связь пропала
overview-change-first-down = не отвечает
overview-change-degraded = связь неустойчива
overview-change-maintenance = начались плановые работы
overview-change-unknown = данных больше нет

## Сегмент
segment-heading-up = { $name }: на связи
segment-heading-degraded = { $name }: потери { $loss } %
segment-heading-flapping = { $name }: связь неустойчива
segment-unstable-breaks = { $count ->
    [one] За десять минут связь пропадала { $count } раз.
    [few] За десять минут связь пропадала { $count } раза.
   *[other] За десять минут связь пропадала { $count } раз.
} Она считается неустойчивой, пока не продержится пять минут.
segment-unstable-loss = Теряется больше проб, чем на исправной линии. Связь считается неустойчивой, пока подряд не придёт около ста ответов.
segment-heading-down = { $name }: нет связи
segment-heading-maintenance = { $name }: плановые работы
segment-heading-unknown = { $name }: нет данных
segment-heading-unheard = { $name }: ещё ни разу не ответил
segment-unheard = ещё ни разу не ответил
segment-unheard-text = С тех пор как сегмент добавлен, ответов не было. Узел продолжает спрашивать; если ответа не будет пять минут, сегмент станет считаться оставшимся без связи.
segment-obstacle-text = Пробы уйти не могут: { $obstacle }. Когда это исправят, узел начнёт спрашивать сам.
obstacle-no-port = у узла нет порта { $interface }
obstacle-no-route = у узла нет пути до { $address }
obstacle-forbidden = правила самого узла запрещают пробы на { $address }
segment-heading-retired = { $name }: снят с учёта
segment-now = Сейчас
segment-period = За какое время
segment-period-hour = Час
segment-period-day = Сутки
segment-period-month = Месяц
segment-period-year = Год
segment-hour-title = Последний час
segment-day-title = Последние сутки
segment-month-title = Последние 30 дней
segment-year-title = Последний год
segment-rtt-chart = Задержка, мс
segment-rtt-spread = от наименьшей до 95 %, мс
segment-rtt-chart-text = Половина ответов быстрее { $p50 } мс, 95 % быстрее { $p95 } мс, самый долгий { $max } мс.
segment-loss-chart-text = Потеряно { $lost } из { $sent } проб, { $percent } %.
segment-loss-outside-text = Без отключений и времени, когда узел не видел, потеряно { $lost } из { $sent } проб, { $percent } %.
segment-median = медиана
segment-p95 = 95 %
segment-distribution = Распределение задержки
segment-availability = Доступность
segment-availability-text = Связь была { $percent } % времени.
segment-availability-unknown = Ещё { $length } наблюдения не было, это время не считается.
segment-no-data = За это время нет измерений
segment-no-data-hint = Выберите другой период или подождите: измерения появляются через минуту после добавления сегмента.
segment-facts = Сведения
segment-fact-id = Обозначение
segment-fact-prefixes = Сети
segment-fact-probe = Проверяется адрес
segment-fact-method = Чем проверяется
segment-fact-pace = Как часто
segment-fact-interface = Порт узла
segment-fact-channel = Канал
segment-fact-rates = Скорость по договору
segment-fact-rates-text = { $down } к сегменту, { $up } от сегмента
segment-fact-contract = Договор
segment-fact-parent = Точка провайдера
segment-fact-router = Маршрутизатор
segment-fact-duty = Дежурный
segment-fact-head = Руководитель
segment-fact-postal = Почтовый адрес
segment-fact-notes = Заметки
segment-method-icmp = эхо-запрос ICMP
segment-method-tcp = соединение TCP, порт { $port }
segment-pace-normal = раз в секунду
segment-pace-critical = 5 раз в секунду
segment-pace-down = { $pace }; пока нет связи, 10 раз в секунду
segment-outages = Отключения
segment-no-outages = Отключений не было.
segment-journal = Журнал сегмента
segment-no-journal = Записей пока нет.
segment-ping = Проверить сейчас
segment-ping-text = Узел отправит пробы вне очереди и покажет каждый ответ.
segment-ping-count = Сколько проб
segment-ping-start = Отправить пробы
segment-ping-result = Ответы на пробы
segment-ping-waiting = Здесь появятся ответы.
segment-ping-line = { $number }: ответ за { $rtt } мс
segment-ping-lost = { $number }: нет ответа
segment-ping-unsent = { $number }: узел не может отправить: { $what }
segment-ping-error = { $number }: { $from } сообщает: { $what }
segment-ping-summary = Отправлено { $sent }, получено { $answered }, потеряно { $lost } ({ $percent } %).
segment-ping-times = Наименьшая задержка { $min } мс, средняя { $mean } мс, наибольшая { $max } мс.
segment-ping-retired = Сегмент снят с учёта: узел его не проверяет, история сохранена.
segment-ping-netd-away = Процесс наблюдения не отвечает, отправить пробы некому. Подождите несколько секунд и повторите.
segment-edit = Изменить
segment-maintenance = Плановые работы
segment-maintenance-on = Идут плановые работы, закончатся: { $until }.
segment-maintenance-off-text = Во время работ измерения продолжаются, но пропадание связи не записывается как отключение.
segment-maintenance-until = Закончатся
segment-maintenance-start = Начать работы
segment-maintenance-stop = Закончить работы
segment-maintenance-stopped = Плановые работы закончены.
segment-maintenance-for-30 = через 30 минут
segment-maintenance-for-60 = через час
segment-maintenance-for-120 = через 2 часа
segment-maintenance-for-240 = через 4 часа
segment-maintenance-for-480 = через 8 часов
segment-maintenance-for-1440 = через сутки
segment-retired-since = Снят с учёта: { $when }. История сохранена.

## Список отключений
outages-title = Отключения
outages-heading-open = { $count ->
    [one] Сейчас { $count } сегмент без связи
    [few] Сейчас { $count } сегмента без связи
   *[other] Сейчас { $count } сегментов без связи
}
outages-heading-none = Сейчас отключений нет
outages-which = Какие
outages-which-all = Все
outages-which-open = Открытые
outages-which-closed = Завершённые
outages-column-number = №
outages-column-what = Где
outages-column-kind = Какое
outages-column-began = Началось
outages-column-ended = Закончилось
outages-column-length = Длилось
outages-empty = Таких отключений нет
outages-empty-hint = Снимите отбор или выберите другие дни.
outages-hub = Магистраль узла
outages-hub-named = Магистраль узла «{ $name }»
outages-segment-field = Обозначение сегмента
csv-began-after = Последний ответ
csv-began-before = Первая проба без ответа
csv-seconds = Длилось, с

## Отключение
outage-heading-open = { $name }: нет связи { $length }
outage-heading-closed = { $name }: связи не было { $length }
outage-heading-hub-open = Узел не видит магистраль { $length }
outage-heading-hub-closed = Узел не видел магистраль { $length }
outage-number = отключение № { $id }
outage-what = Что произошло
outage-what-hub = узел ослеп
outage-what-over = связь восстановлена
outage-what-retired = снят с учёта
outage-lead-carrier = На порту { $interface } узла пропал сигнал: обрыв на первом участке, от порта узла до оборудования провайдера.
outage-lead-error = Маршрутизатор { $from } отвечает, что дальше пути нет: обрыв за ним.
outage-lead-astray = Пробы узла ушли в другой сегмент, «{ $name }»: его маршрутизатор { $router } отвечает, что дальше пути нет. Неверен маршрут на самом узле, канал ни при чём.
outage-lead-neighbour = Маршрутизатор сегмента не отвечает даже на запрос аппаратного адреса: у него нет питания или до него нет связи.
outage-lead-silence = Пробы уходят, ответов нет: причина неизвестна.
outage-lead-obstacle = Пробы не уходят: { $obstacle }.
outage-lead-unheard = С тех пор как сегмент добавлен, он ни разу не ответил: проверьте его адрес и порт и готов ли канал.
outage-lead-silence-signal = Пробы уходят, ответов нет, сигнал на порту узла есть: причина неизвестна.
outage-lead-hub = Все порты магистрали замолчали разом. Это отключение самого узла: состояние сегментов за ней неизвестно.
outage-began = Началось
outage-began-between = между { $after } и { $before }
outage-began-note = последний ответ и первая проба без ответа
outage-began-never = { $before }
outage-began-never-note = первая проба без ответа; с начала наблюдения ответов не было
outage-began-carrier-note = последний ответ и пропажа сигнала на порту
outage-ended = Закончилось
outage-ended-at = { $when }, первый ответ
outage-ended-retired = { $when }, снят с учёта
outage-lasts = продолжается
outage-length = Длится
outage-next = Что дальше
outage-next-duty = Позвонить дежурному: { $duty }
outage-next-provider = Позвонить провайдеру: { $provider }, договор { $contract }
outage-next-provider-only = Позвонить провайдеру: { $provider }
outage-next-ping = Отправить пробы и посмотреть ответы
outage-next-maintenance = Если это плановые работы, отметить их на странице сегмента
outage-next-nothing = Связь восстановлена, делать ничего не нужно.
outage-next-retired = Сегмент снят с учёта, узел за ним не наблюдает.
outage-next-port = Проверить кабель и питание на порту узла
outage-next-record = Проверить адрес, порт и сети в записи сегмента
outage-next-route = Проверить маршрут на узле: ip route get { $address }
outage-group-title = { $name }: нет связи, сегментов { $down } из { $total }
outage-group-why = Связь пропала у них в одни и те же секунды, и точка провайдера у них одна: обрыв скорее всего там.
outage-common-why = Связь пропала в одни и те же секунды у нескольких сегментов за одной точкой провайдера: обрыв скорее всего там.
outage-group-segments = { $count ->
    [one] { $count } отключение
    [few] { $count } отключения
   *[other] { $count } отключений
}
outage-group-point = Страница точки провайдера
outage-to-segment = Страница сегмента
outage-evidence = Доказательства
outage-evidence-count = { $count ->
    [one] { $count } доказательство
    [few] { $count } доказательства
   *[other] { $count } доказательств
}
outage-no-evidence = Доказательств не записано.
outage-evidence-who = Кто видел
outage-evidence-what = Что видел

## Что видели и кто
source-icmp = пробы ICMP
source-tcp = пробы TCP
source-carrier = порт узла
source-neighbour = таблица соседей
source-monitor = сам узел
source-registry = администратор
fact-probes-lost = { $lost ->
    [one] { $lost } проба подряд без ответа, ждали по { $timeout }
    [few] { $lost } пробы подряд без ответа, ждали по { $timeout }
   *[other] { $lost } проб подряд без ответа, ждали по { $timeout }
}
fact-answered = пришёл ответ за { $rtt }
fact-not-sent = { $probes ->
    [one] { $probes } пробу не удалось отправить: { $why }
    [few] { $probes } пробы подряд не удалось отправить: { $why }
   *[other] { $probes } проб подряд не удалось отправить: { $why }
}
not-sent-no-port = у узла нет такого порта
not-sent-no-route = у узла нет пути до адреса
not-sent-forbidden = запрещают правила самого узла
fact-icmp-own = сам узел сообщает: ближайшее устройство на пути не отвечает на запрос аппаратного адреса
fact-loss-rate = потеряно { $lost } из { $sent } проб
fact-flapping = { $changes ->
    [one] состояние сменилось { $changes } раз за { $window }
    [few] состояние сменилось { $changes } раза за { $window }
   *[other] состояние сменилось { $changes } раз за { $window }
}
fact-carrier-up = на порту { $interface } появился сигнал
fact-carrier-down = на порту { $interface } пропал сигнал
fact-neighbour-reachable = { $address } отвечает на запрос аппаратного адреса
fact-neighbour-stale = { $address } давно не подтверждал аппаратный адрес
fact-neighbour-probing = узел спрашивает аппаратный адрес у { $address }
fact-neighbour-failed = { $address } не отвечает на запрос аппаратного адреса
fact-neighbour-moved = у { $address } сменился аппаратный адрес: заменён маршрутизатор или два устройства заняли один адрес
fact-icmp-error = { $from } сообщает: { $what }
fact-maintenance-on = администратор начал плановые работы
fact-maintenance-off = администратор закончил плановые работы
icmp-net-unreachable = нет пути к сети
icmp-host-unreachable = последний маршрутизатор не имеет связи с адресом
icmp-neighbour-silent = ближайшее устройство на пути не отвечает на запрос аппаратного адреса
icmp-protocol-unreachable = адрес не понимает протокол
icmp-port-unreachable = порт закрыт
icmp-prohibited = запрещено администратором
icmp-too-big = пакет слишком велик
icmp-time-exceeded = пакет ходит по кругу
icmp-other = ошибка ICMP, тип { $kind }, код { $code }
blind-stalled = процесс наблюдения стоял
blind-overflow = очередь ответов переполнилась
blind-trunk = магистраль погасла
blind-restarted = процесс наблюдения перезапускался

## Реестр
registry-title = Сегменты
registry-heading = { $count ->
    [one] { $count } сегмент под наблюдением
    [few] { $count } сегмента под наблюдением
   *[other] { $count } сегментов под наблюдением
}
registry-heading-retired = { $count ->
    [0] Снятых с учёта сегментов нет
    [one] { $count } сегмент снят с учёта
    [few] { $count } сегмента сняты с учёта
   *[other] { $count } сегментов сняты с учёта
}
registry-heading-found = { $count ->
    [one] По запросу «{ $word }» найден { $count } сегмент
    [few] По запросу «{ $word }» найдено { $count } сегмента
   *[other] По запросу «{ $word }» найдено { $count } сегментов
}
registry-add = Добавить сегмент
registry-import = Загрузить CSV
registry-export = Выгрузить реестр
registry-table-csv = Таблица CSV
registry-which-active = Под наблюдением
registry-which-retired = Снятые с учёта
registry-nothing = Ничего не нашлось
registry-nothing-for = По запросу «{ $word }» ничего не найдено
filter-fold = Отбор
registry-show-all = Показать все сегменты
registry-retire = Снять с учёта
registry-retire-heading = Снять с учёта: { $name }?
registry-retire-text = Узел перестанет проверять сегмент. История, отключения и журнал сохранятся, сегмент можно вернуть. Доступ сегмента закроется сразу; это изменение правил нужно подтвердить за две минуты, иначе доступ останется.
registry-retired = Сегмент снят с учёта.
registry-retired-word = снят с учёта
registry-retired-title = Снят с учёта
registry-restore = Вернуть под наблюдение
registry-restored = Сегмент снова под наблюдением.
registry-added = Сегмент добавлен, наблюдение началось.
registry-saved = Изменения сохранены.
edit-heading-new = Новый сегмент
edit-heading = { $name }: изменить
edit-new-institution = новое учреждение: название в следующих полях
edit-unusual = Пока ничего не сохранено. Отмеченное необычно, но допустимо: исправьте или сохраните как есть.
edit-optional = Необязательные сведения
edit-group-institution = Учреждение
edit-group-channel = Канал
edit-group-router = Маршрутизатор
edit-group-more = Прочее
field-id = Обозначение
field-id-help = Латинские буквы, цифры и дефис, например s050. Потом не меняется.
field-institution = Учреждение
field-institution-help = Выберите из списка. Если его ещё нет, выберите «новое учреждение» и дайте ему название хотя бы на одном языке.
field-name-kk = Название учреждения по-казахски
field-name-ru = Название учреждения по-русски
field-name-en = Название учреждения по-английски
field-kind = Вид учреждения
field-kind-help = Выберите из списка или впишите своё.
field-budget-level = Уровень бюджета
kind-akimat = Акимат
kind-department = Управление
kind-hospital = Больница
kind-school = Школа
kind-service-centre = Центр обслуживания населения
kind-court = Суд
kind-archive = Архив
kind-emergency = Служба по чрезвычайным ситуациям
kind-maslikhat = Маслихат
kind-civil-registry = Отдел регистрации актов гражданского состояния
kind-police = Полиция
kind-college = Колледж
kind-library = Библиотека
kind-museum = Музей
kind-veterinary = Ветеринарная служба
kind-career-centre = Карьерный центр
kind-data-centre = Центр обработки данных
budget-republic = Республиканский
budget-region = Областной
budget-district = Районный
field-district = Район или город
field-address = Почтовый адрес
field-head = Руководитель
field-duty = Дежурный
field-duty-help = Имя и телефон: это увидит тот, кто разбирается с отключением.
field-label-kk = Короткое название по-казахски
field-label-ru = Короткое название по-русски
field-label-en = Короткое название по-английски
field-label-help = Для схемы и таблиц. Пусто: берётся название учреждения.
field-prefixes = Сети
field-prefixes-help = Через пробел, запятую или с новой строки, например 10.10.50.0/24 fd00:50::/64. Сети разных сегментов не пересекаются.
field-interface = Порт узла
field-interface-help = Имя интерфейса, через который узел видит сегмент, как его показывает ip link.
field-probe-address = Проверяемый адрес
field-probe-address-help = Обычно адрес маршрутизатора сегмента, например 10.10.50.1.
field-method = Чем проверять
field-method-help = icmp или tcp:443.
field-provider = Провайдер
field-technology = Технология
field-down-kbps = Скорость к сегменту, Кбит/с
field-up-kbps = Скорость от сегмента, Кбит/с
field-contract = Номер договора
field-router-management = Адрес управления маршрутизатором
field-router-snmp = Имя доступа SNMP
field-router-snmp-help = Имя из настроек узла, а не сам пароль.
field-router-hardware = Аппаратный адрес маршрутизатора
field-router-hardware-help = Только для общих линий: тогда никто другой не сможет использовать адреса этого сегмента. Например, 02:45:54:00:00:01.
field-parent = Общая точка провайдера
field-parent-help = Если канал делит оборудование провайдера с другими сегментами.
field-criticality = Как часто проверять
field-notes = Заметки

## Точки провайдеров
points-title = Точки провайдеров
points-heading-down = { $count ->
    [one] { $count } точка провайдера с сегментами без связи
    [few] { $count } точки провайдеров с сегментами без связи
   *[other] { $count } точек провайдеров с сегментами без связи
}
points-heading-unknown = { $count ->
    [one] За { $count } точкой провайдера есть сегменты без данных
   *[other] За { $count } точками провайдеров есть сегменты без данных
}
points-heading-up = За точками провайдеров отключений нет
points-empty = Точек провайдеров пока нет
points-empty-text = Точка провайдера: оборудование, через которое идут каналы нескольких сегментов. Когда она заведена, общая неисправность видна сразу.
points-add = Добавить точку
points-column-segments = Сегментов
points-column-down = Без связи сейчас
points-unknown = нет данных: { $count }
point-heading-down = { $name }: без связи { $down } из { $all }
point-heading-up = { $name }: отключений нет
point-heading-unknown = { $name }: нет данных о { $unknown } из { $all }
point-heading-empty = { $name }: сегментов нет
point-common-all = Без связи все сегменты этой точки. Вероятнее всего, неисправность общая, на самой точке, а не в сегментах.
point-common-together = Без связи { $down } из { $all }, связь пропала почти одновременно:
point-common-likely = Похоже на общую неисправность за этой точкой.
point-common-apart = Одновременно пропало слишком мало связей, чтобы говорить об общей неисправности за этой точкой: похоже на отдельные неисправности.
point-empty = На этой точке нет сегментов
point-empty-text = Точка выбирается на странице сегмента: «Изменить», «Общая точка провайдера».
point-journal = Журнал точки
point-contracts = Договоры
point-retired = Снятые с учёта
point-new = Новая точка провайдера
point-id-help = Латинские буквы, цифры и дефис, например pp-center. Потом не меняется.
point-name-ru = Название по-русски
point-name-kk = Название по-казахски
point-name-en = Название по-английски
point-name-help = Хотя бы на одном языке.
point-provider-help = Кому звонить, когда точка не работает.
point-added = Точка добавлена. Теперь её можно выбрать на страницах сегментов.
point-remove = Удалить точку
point-remove-heading = Удалить точку: { $name }?
point-remove-text = Точка исчезнет из реестра. Прежние сведения о ней останутся в журнале.
point-removed = Точка удалена.
point-in-use-heading = Нельзя удалить: { $name }
point-in-use-text = { $count ->
    [one] Точка указана у { $count } сегмента. Сначала выберите для него другую точку или никакой.
   *[other] Точка указана у { $count } сегментов. Сначала выберите для них другую точку или никакой.
}
point-back = Вернуться к точке

## Фотография места
photo-title = Фотография места
photo-alt = Место сегмента: { $name }
photo-add = Добавить
photo-replace = Заменить
photo-heading = { $name }: фотография места
photo-file = Файл с фотографией
photo-file-help = JPEG, PNG или WebP, не больше { $limit }. Снимок с телефона браузер уменьшит сам.
photo-missing = Файл не выбран. Выберите фотографию и отправьте ещё раз.
photo-upload = Загрузить
photo-saved = Фотография сохранена.
photo-remove = Убрать фотографию
photo-remove-heading = Убрать фотографию: { $name }?
photo-remove-text = Снимок будет удалён без возврата. Если он ещё нужен, сначала сохраните его у себя.
photo-removed = Фотография убрана.

## Загрузка CSV
import-heading = Загрузить сегменты из CSV
import-file = Файл CSV
import-file-help = В кодировке UTF-8, первая строка с названиями столбцов. Сначала будет показано, что изменится; до подтверждения ничего не меняется.
import-no-file = Сначала выберите файл: таблицу CSV.
import-example = Образец: выгрузка нынешнего реестра
import-check = Проверить файл
import-check-again = Проверить ещё раз
import-other-file = Выбрать другой файл
import-heading-clean = Можно загружать: новых { $new }, изменённых { $changed }
import-heading-faults = { $count ->
    [one] В файле { $count } ошибка
    [few] В файле { $count } ошибки
   *[other] В файле { $count } ошибок
}
import-clean-text = Ошибок нет. Ничего ещё не изменено: проверьте списки ниже и подтвердите.
import-faults-text = Ничего не изменено. Исправьте строки прямо здесь или в своём файле и проверьте ещё раз.
import-nothing = Файл совпадает с реестром: менять нечего
import-apply = Загрузить
import-moved = Файл или реестр изменился после проверки, поэтому ничего не загружено. Посмотрите списки ещё раз и подтвердите.
import-encoding = Здесь такой файл не исправить: буквы уже прочитаны неверно. Сохраните его в UTF-8 и выберите снова.
import-done = Загружено: новых { $new }, изменённых { $changed }.
import-faults = Ошибки по строкам
import-warnings = Необычное, но допустимое
import-new = Добавятся
import-changed = Изменятся
import-unchanged = Без изменений: { $count }.
import-absent = Нет в файле, останутся как есть: { $count }.
import-text = Текст файла
import-text-help = Правьте здесь: строки те же, что в таблице ошибок.
import-column-line = Строка
import-column-column = Столбец
import-column-field = Поле
import-column-value = Что стоит
import-column-message = Что не так
import-column-remedy = Что сделать
import-column-changes = Что изменится

## Правила реестра: что не так и что сделать
rule-not-utf8 = файл не в UTF-8, а, похоже, в { $likely }: здесь байт { $byte }
remedy-not-utf8 = откройте файл в табличной программе и сохраните как «CSV UTF-8» (в LibreOffice: кодировка «Юникод (UTF-8)»)
rule-empty-file = в файле нет строки с названиями столбцов
remedy-empty-file = поставьте названия столбцов в первую строку; их покажет выгрузка реестра
rule-no-rows = в файле есть названия столбцов, но нет строк
remedy-no-rows = добавьте по строке на каждый сегмент
rule-too-large = файл больше { $limit } байт
remedy-too-large = разделите его на несколько
rule-quote-open = здесь начинается текст в кавычках, который не заканчивается
remedy-quote-open = закройте его знаком ", а кавычку внутри пишите как ""
rule-quote-stray = кавычка стоит внутри текста или рядом с ним
remedy-quote-stray = возьмите весь текст в кавычки, а кавычку внутри пишите как ""
rule-unknown-column = столбца «{ $name }» нет
remedy-unknown-column = исправьте название или уберите столбец; ближайшее название: { $nearest }
rule-missing-column = не хватает столбца «{ $name }»
remedy-missing-column = добавьте его в первую строку, а в остальные — его значения
rule-repeated-column = столбец «{ $name }» стоит дважды, впервые под номером { $first }
remedy-repeated-column = уберите один из них
rule-field-count = в строке полей: { $found }, а столбцов: { $expected }
remedy-field-count = найдите лишний или пропущенный разделитель; текст с разделителем возьмите в кавычки
rule-required = поле пустое
remedy-required = заполните его
rule-too-long = в тексте { $length } знаков, а можно { $limit }
remedy-too-long = сократите его
rule-control-character = в тексте управляющий знак { $code }
remedy-control-character = уберите его
rule-id-syntax = «{ $id }» не годится как обозначение
remedy-id-syntax = от 1 до 48 знаков: a-z, 0-9 и «-», первым буква или цифра
rule-id-repeated = { $id } уже стоит в строке { $line }
remedy-id-repeated = уберите одну из двух строк или дайте ей своё обозначение
rule-id-retired = { $id } принадлежит сегменту, снятому с учёта
remedy-id-retired = верните тот сегмент или возьмите другое обозначение
rule-id-taken = обозначение { $id } занято
remedy-id-taken = возьмите другое или измените существующую запись
rule-name-missing = нет названия ни на одном языке
remedy-name-missing = заполните название хотя бы на одном языке
rule-institution-unknown = учреждения { $id } нет
remedy-institution-unknown = заполните его название в этой строке или исправьте обозначение
rule-institution-differs = учреждение { $id } описано иначе в строке { $line }
remedy-institution-differs = сделайте описания одинаковыми или оставьте поля учреждения пустыми в одной из строк
rule-parent-unknown = точки провайдера { $id } нет
remedy-parent-unknown = сначала заведите точку провайдера или оставьте поле пустым
rule-prefix-syntax = «{ $prefix }» не похоже на сеть
remedy-prefix-syntax = напишите адрес и длину, например 10.10.7.0/24 или fd00:7::/64
rule-prefix-host-bits = в { $prefix } заданы биты за длиной сети
remedy-prefix-host-bits = напишите { $network }, если это и есть сеть
rule-prefix-special = { $prefix } не может принадлежать сегменту: это все адреса, групповая рассылка, петля или местный канал
remedy-prefix-special = напишите собственную сеть сегмента
rule-prefix-repeated = { $prefix } и { $other } одного сегмента пересекаются
remedy-prefix-repeated = оставьте только более широкую
rule-prefix-of-hub = { $prefix } сегмента { $id } ({ $name }) пересекается с { $other } собственной сети узла «{ $network }»
remedy-prefix-of-hub = укажите сеть самого сегмента; сети узла перечислены в hub.toml
rule-prefix-overlap = { $prefix } сегмента { $id } ({ $name }) пересекается с { $other } сегмента { $other_id } ({ $other_name })
remedy-prefix-overlap = исправьте одну из двух; адрес принадлежит только одному сегменту
rule-address-syntax = «{ $address }» не похоже на IP-адрес
remedy-address-syntax = напишите 10.10.7.1 или fd00:7::1, без длины
rule-hardware-syntax = «{ $hardware }» не похоже на аппаратный адрес
remedy-hardware-syntax = напишите шесть пар шестнадцатеричных цифр, 02:45:54:00:00:01, или оставьте поле пустым
rule-address-special = { $address } не адрес одного устройства
remedy-address-special = напишите адрес маршрутизатора сегмента
rule-address-taken = { $address } уже проверяется для { $other_id } ({ $other_name })
remedy-address-taken = дайте каждому сегменту свой адрес
rule-address-foreign = { $address } лежит в { $other } сегмента { $other_id } ({ $other_name })
remedy-address-foreign = напишите адрес этого сегмента или канала к нему
rule-address-outside = { $address } не лежит ни в одной из сетей сегмента
remedy-address-outside = оставьте, если это адрес маршрутизатора на канале; иначе исправьте
rule-method-syntax = «{ $method }» не способ проверки
remedy-method-syntax = напишите icmp или tcp: и порт, например tcp:443
rule-number-syntax = «{ $number }» не целое число
remedy-number-syntax = только цифры, в Кбит/с; пусто, если скорость неизвестна
rule-number-range = { $number } больше { $limit }
remedy-number-range = напишите скорость в Кбит/с
rule-interface-syntax = «{ $interface }» не имя порта
remedy-interface-syntax = от 1 до 15 знаков без пробелов, «/» и «:», как показывает ip link
rule-interface-missing = сейчас у узла нет порта «{ $interface }»
remedy-interface-missing = оставьте, если порт появится позже, до тех пор данных о сегменте не будет; иначе исправьте
rule-criticality-syntax = «{ $criticality }» не степень важности
remedy-criticality-syntax = напишите normal или critical
rule-credential-syntax = это не имя доступа
remedy-credential-syntax = напишите имя из настроек узла, а не сам пароль
rule-in-use = { $id } ещё нужен: { $segments }
remedy-in-use = сначала перенесите эти сегменты
rule-not-retired = { $id } не снят с учёта
remedy-not-retired = делать ничего не нужно
rule-photo-kind = файл не картинка JPEG, PNG или WebP
remedy-photo-kind = сохраните фотографию как JPEG
rule-photo-size = снимок занимает { $bytes }, а можно не больше { $limit }
remedy-photo-size = уменьшите её

## Журнал
journal-title = Журнал
journal-heading = Кто что менял
journal-chain = Каждая запись скреплена с предыдущей: подделка прошлого видна.
journal-verify = Проверить всю цепь
journal-sound = Цепь цела: проверено записей { $count }.
journal-broken = Цепь нарушена на записи № { $seq }: до неё целы { $sound }. Сохраните копию базы и разберитесь, кто её менял.
journal-column-actor = Кто
journal-column-action = Что сделал
journal-column-subject = С чем
journal-column-detail = Подробности
journal-on-behalf = { $actor } за { $person }
journal-by-certificate = { $name }, по сертификату { $id }
journal-by-session = { $name }, по одноразовой ссылке { $id }
journal-by-system = { $name }, пользователь системы { $id }
journal-empty = Таких записей нет
journal-empty-hint = Снимите отбор или выберите другие дни.
subject-segment = Сегмент
subject-institution = Учреждение
subject-session = Вход
subject-entry-link = Ссылка для входа
action-segment-create = добавлен сегмент
action-segment-update = изменён сегмент
action-segment-retire = сегмент снят с учёта
action-segment-restore = сегмент возвращён под наблюдение
action-segment-maintenance = объявлены плановые работы
action-segment-maintenance-ended = плановые работы закончены
action-segment-photo = загружена фотография места
action-segment-photo-remove = убрана фотография места
action-institution-create = добавлено учреждение
action-institution-update = изменено учреждение
action-institution-remove = удалено учреждение
action-parent-create = добавлена точка провайдера
action-parent-update = изменена точка провайдера
action-parent-remove = удалена точка провайдера
action-registry-import = загружен файл CSV
journal-import-counts = новых { $new }, изменённых { $changed }
action-entry-link-made = создана ссылка для входа
action-session-opened = вход
action-session-ended = выход
many-segment-create = добавлено сегментов: { $count }
many-segment-update = изменено сегментов: { $count }
many-segment-retire = снято с учёта сегментов: { $count }
many-segment-restore = возвращено под наблюдение сегментов: { $count }
many-institution-create = добавлено учреждений: { $count }
many-institution-update = изменено учреждений: { $count }
many-other = { $action }: { $count }

## Состояние узла
system-title = Состояние узла
system-heading-well = Узел исправен
system-heading-blind = Узел работает; за последний час не видел { $total }
system-heading-ill = { $count ->
    [one] Узлу нужно внимание: { $count } неполадка
    [few] Узлу нужно внимание: { $count } неполадки
   *[other] Узлу нужно внимание: { $count } неполадок
}
system-trouble-netd = Процесс наблюдения не отвечает: состояние сегментов неизвестно. Он должен подняться сам; если нет, посмотрите журнал системы и запустите ets-hub doctor.
system-trouble-database = База «{ $name }» не принимает записи. Освободите место на диске или проверьте сервер базы.
system-trouble-recording = Измерения не записываются: мало места на диске. Наблюдение продолжается. Освободите место, запись начнётся сама.
system-trouble-disk = На диске осталось { $free }. Освободите место.
system-netd = Процесс наблюдения
system-serve = Процесс страниц
system-data = Данные
system-memory = Память по частям
system-memory-total = Оба процесса вместе занимают { $total }.
memory-picture = Картина сегментов
memory-snapshot = Снимок для страниц
memory-changes = Изменения за 5 минут
memory-minutes = Минуты за последний час
memory-seconds = Секунды за последний час
memory-netd-ring = События процесса наблюдения
memory-registry = Реестр сегментов
memory-sqlite = База данных в памяти
memory-program = Программа и отображённые файлы
memory-free = Свободно, удержано распределителем
memory-other = Остальное процесса страниц
memory-netd-engine = Пробы в пути
memory-netd-machines = Решения о сегментах
memory-netd-rest = Остальное процесса наблюдения
system-blind = Когда узел не видел
system-connected = работает, данные идут
system-away = не отвечает
system-last-tick = Последние данные
system-running = Работает
system-version = Версия
system-pid = Номер процесса
system-resident = Память
system-cpu = Время процессора
system-targets = Проверяет сегментов
system-ring = Память событий
system-ring-text = { $held } из { $limit }
system-probes = Пробы с начала работы
system-sent = Отправлено
system-answered = С ответом
system-lost = Без ответа
system-overflowed = Потеряно самим узлом
system-send-errors = Не отправлено ядром
system-forged = Отвергнуто поддельных ответов
system-duplicate = Повторных ответов
system-late = Опоздавших ответов
system-viewers = Открытых живых страниц
system-behind = Событий ждут записи
system-writable = пишется
system-not-writable = не пишется
system-database-state = База состояния
system-database-series = База измерений
system-disk = Диск
system-disk-text = свободно { $free } из { $all }
system-waiting = Минут измерений ждут записи
system-dropped = Минут измерений потеряно
system-blind-total = За последние сутки узел не видел { $total }.
system-blind-reason = Почему
system-never-blind = За последние сутки узел видел всё.

## Справка
help-page-title = Справка
help-heading = Как пользоваться узлом
help-states = Что значат состояния
help-state-up = Сегмент отвечает на пробы, потерь в пределах нормы.
help-state-degraded = Сегмент отвечает, но теряет пробы или то пропадает, то появляется.
help-state-down = Сегмент не отвечает: пропала одна проба, и ни одна из десяти подтверждающих не вернулась.
help-state-maintenance = Администратор объявил плановые работы. Измерения идут, но пропадание связи не записывается как отключение. Отключение, начавшееся раньше, остаётся открытым и помечается как плановое.
help-state-unknown = Узел не может судить: ещё не смотрел или сам ослеп. Это не значит, что связь есть.
help-find = Как найти сегмент?
help-find-text = Нажмите косую черту и наберите часть названия, обозначения, района, провайдера или адрес: например, 10.10.7.15 приведёт к сегменту, которому он принадлежит.
help-why = Почему нет связи?
help-why-text = Откройте отключение: там сказано, что видел узел, какая проба осталась без ответа, кто и что ответил, и что делать дальше.
help-sure = Насколько точны начало и конец?
help-sure-text = Начало лежит между последним ответом и первой пробой без ответа, обычно в пределах секунды. Конец: первый ответ после перерыва.
help-planned = Как отметить плановые работы?
help-planned-text = На странице сегмента: «Плановые работы», выберите, когда закончатся. Закончить можно раньше.
help-add = Как добавить сегмент?
help-add-text = Сегменты, «Добавить сегмент». Нужны обозначение, сеть, проверяемый адрес, порт узла и учреждение. Наблюдение начнётся сразу.
help-csv = Как загрузить много сегментов?
help-csv-text = Сегменты, «Загрузить CSV». Сначала узел покажет, что изменится, и каждую ошибку по строкам; исправить можно прямо на странице.
help-files = Как устроены файлы CSV?
help-files-text = На всех языках одинаково: кодировка UTF-8 с меткой порядка байтов, поля разделены запятой, числа с десятичной точкой и без пробелов, время вида 2026-11-22 14:30:05 в часовом поясе, указанном внизу страницы. Если в табличной программе десятичный знак — запятая, задайте это при открытии файла или возьмите файл XLSX там, где он есть.
help-blind = Что если ослеп сам узел?
help-blind-text = Если пропали все порты магистрали или стоял процесс наблюдения, сегменты показываются как «нет данных», а не как отключённые. Когда и почему узел не видел, сказано на странице «Состояние узла».
help-entry = Как войти?
help-entry-text = С сертификатом администратора или по одноразовой ссылке: она действует 15 минут и один раз. Новую печатает команда { $command } на самом узле.
help-api = Как подключить программы?
help-api-text = Всё, что есть на страницах, отдаёт и HTTP API; описание лежит по адресу /api/openapi.json.
help-problems = Отказы API
help-problems-text = Каждый отказ называет причину и что делать. Тексты для программ, поэтому по-английски.

## Экран на стене
wall-title = Экран на стене
wall-turn = Менять самому
wall-leave = Вернуться

## Настройки
settings-title = Настройки
settings-look = Вид
settings-entry = Как вы вошли
settings-by-certificate = По сертификату: { $name }, серийный номер { $serial }.
settings-by-session = По одноразовой ссылке, вход { $id }.
settings-by-system = Как пользователь системы.
settings-sessions = Открытые входы
settings-no-sessions = Открытых входов нет.
settings-column-session = Вход
settings-column-opened = Открыт
settings-column-seen = Последний раз
settings-column-agent = Браузер
settings-column-end = Действие
settings-end = Закрыть
settings-ended = Вход закрыт.

## Вход
enter-heading = Вход для администратора
enter-text = Ссылка действует один раз. После нажатия откроется обзор; на этом устройстве вход сохранится.
enter-button = Войти
enter-worn-out = Ссылка больше не действует
enter-worn-out-text = Она уже использована или прошло больше 15 минут. Новую печатает команда на самом узле:
enter-left = Вы вышли
enter-left-text = Этот вход закрыт. Чтобы войти снова, возьмите новую ссылку или сертификат администратора.

## Что можно
me-heading = Ваши права
me-who = Кто вы
me-name = Имя
me-entry = Как вы вошли
me-by-certificate = по сертификату
me-by-session = по одноразовой ссылке
me-by-system = как пользователь самого узла
me-serial = Номер сертификата
me-until = Действует до
me-rights = Права
me-administrator = Администратор: всё в управлении узлом.
me-none = Пока никаких. Обратитесь к администратору узла и назовите номер вашего сертификата.
subject-certificate = Сертификат
action-certificate-issue = выдан сертификат
action-certificate-revoke = отозван сертификат
action-certificate-suspend = приостановлен сертификат
action-certificate-resume = возобновлён сертификат
