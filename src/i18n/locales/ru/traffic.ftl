# Трафик: страницы учёта, отчёты, квоты, акт. Ключ начинается с имени страницы.

traffic-title = Трафик
traffic-tabs = Разделы трафика
traffic-tab-live = Сейчас
traffic-tab-top = Кто больше
traffic-tab-reports = Отчёты
traffic-tab-quotas = Квоты
traffic-xlsx = XLSX
traffic-pdf = PDF

## Классы трафика
class-hub = Сам узел
class-outside = Внешняя сеть
class-neighbour = Другие сегменты
class-other = Прочее
class-dropped = Отброшено правилами
class-service = Служба № { $number }

## Величины
flow-down = К сегменту
flow-up = От сегмента
flow-down-in = К сегменту, { $unit }
flow-up-in = От сегмента, { $unit }
flow-all-down = К сегментам
flow-all-up = От сегментов
flow-class = Служба или направление
flow-bars = Для сравнения
flow-course = Как шло
flow-share = Доля, %
flow-packets = Пакетов
flow-packets-rate = Пакетов в секунду
flow-total = Всего
flow-total-in = Всего, { $unit }
flow-peak-in = Самая занятая минута, { $unit }
flow-p95-in = 95-й процентиль, { $unit }
flow-contract-in = По договору, { $unit }
flow-nobody = Адреса вне сегментов
flow-exact-bytes = { $bytes } Б, пакетов { $packets }
flow-dropped-note = Отброшенное уже входит в другие строки и к сумме не прибавляется.

## Сейчас
traffic-heading = { $down } к сегментам, { $up } от сегментов
traffic-heading-stale = Счётчики молчат, трафик сейчас неизвестен
traffic-heading-at = { $when }: { $down } к сегментам, { $up } от сегментов
traffic-moving = { $count ->
    [one] трафик у { $count } сегмента из { $total }
   *[other] трафик у { $count } сегментов из { $total }
}
traffic-busiest = Самые загруженные сегменты
traffic-by-class = По службам и направлениям
traffic-nothing = Сейчас трафика нет
traffic-nothing-text = За последнюю секунду через узел не прошло ни одного пакета.
traffic-nothing-then = В этот момент трафика не было
traffic-nothing-then-text = Или записи за это время уже нет: минуты хранятся 90 дней, часы пять лет.
traffic-stale-text = Последнее известное: { $when }. Узел продолжает спрашивать счётчики; прошедшее за это время не потеряется и появится само.
traffic-pause = Пауза
traffic-resume = Продолжить
traffic-freeze = Ссылка на этот момент
traffic-to-live = К текущему моменту
traffic-ahead = Момент, указанный в адресе, ещё не наступил. Показано то, что происходит сейчас.
traffic-earlier = Раньше
traffic-later = Позже
traffic-at-second = одна секунда
traffic-at-minute = среднее за минуту
traffic-at-hour = среднее за час
traffic-more = { $count ->
    [one] и ещё { $count } сегмент с трафиком
    [few] и ещё { $count } сегмента с трафиком
   *[other] и ещё { $count } сегментов с трафиком
}
traffic-how = Как считается
traffic-how-wire = Считается каждый пакет на линии сегмента, без выборки: байты сетевого уровня, как они шли по линии.
traffic-how-filter = Пакеты считает фильтр узла, без выборки. Точные байты на линии он видит, пока сетевая карта не склеивает пакеты.
traffic-how-unknown = Счётчики ещё не ответили.
traffic-how-units = 1 МБ = 1 000 000 байт. Скорость: среднее за последнюю секунду.
traffic-missing = Всё ли учтено
traffic-missing-none = За последние 30 дней счёт не прерывался.
traffic-missing-some = { $count ->
    [one] За последние 30 дней { $count } раз известно не всё:
    [few] За последние 30 дней { $count } раза известно не всё:
   *[other] За последние 30 дней { $count } раз известно не всё:
}
traffic-missing-older = { $count ->
    [one] и ещё { $count } раз раньше
    [few] и ещё { $count } раза раньше
   *[other] и ещё { $count } раз раньше
}
traffic-stopped = Запись остановлена: на диске мало места. Счёт идёт, минуты ждут в памяти; освободите место, и они запишутся.
traffic-gap-reset = { $from } – { $to }: обнулено счётчиков: { $count }. Прошедшее до обнуления за это время потеряно.
traffic-gap-life = { $from } – { $to }: счётчики начались заново. Прошедшее между последним чтением и концом прежних потеряно.
traffic-gap-away = { $from } – { $to }: счётчики никто не читал ({ $length }). Ничего не потеряно: прошедшее разложено на это время поровну.

## Кто больше
top-heading = Больше всех { $period }: { $name }, { $amount }
top-heading-none = Трафика { $period } не было
top-title = Кто больше
top-period = За какое время
top-last-hour = за последний час
top-last-day = за последние сутки
top-last-week = за последние 7 дней
top-last-month = за последние 30 дней
top-last-year = за последний год
top-custom = за выбранные дни
top-week = Неделя
top-custom-word = Свой период
top-by = По чему
top-by-bytes = по байтам
top-by-packets = по пакетам
top-by-peak = по самой занятой минуте
top-class = Служба
top-direction = Направление
top-both = в обе стороны
top-down = к сегменту
top-up = от сегмента
top-place = Место
top-rest = Показаны первые { $count }; все строки есть в файлах CSV и XLSX.
top-empty-hint = Выберите другое время, службу или направление.
top-packets = { $count ->
    [one] { $count } пакет
    [few] { $count } пакета
   *[other] { $count } пакетов
}
top-bad-period = Период не понят: укажите дни «С» и «По», первый не позже второго.

## Трафик сегмента
segment-traffic = Трафик
segment-traffic-all = Трафик сегмента
segment-traffic-hour = Трафик за последний час
segment-traffic-heading = { $name }: { $down } к сегменту, { $up } от сегмента
segment-traffic-heading-none = { $name }: сейчас трафика нет
segment-traffic-heading-stale = { $name }: трафик сейчас неизвестен
segment-traffic-heading-retired = { $name }: снят с учёта, трафик сохранён
segment-traffic-chart = Скорость, { $unit }
segment-traffic-chart-text = Прошло { $down } к сегменту и { $up } от сегмента. Самая занятая минута: { $peak_down } к сегменту, { $peak_up } от сегмента.
segment-traffic-none = За это время трафика не было
segment-traffic-none-hint = Выберите другой период. Счёт начинается, как только сегмент добавлен.
segment-traffic-spread = Отмеченное полосой время известно только суммой: внутри него трафик разложен поровну.
segment-traffic-spread-note = сумма за более долгое время
segment-traffic-channel = Канал
segment-traffic-contract = По договору
segment-traffic-no-contract = скорость в реестре не указана
segment-traffic-p95 = 95-й процентиль
segment-traffic-p95-text = { $rate }, это { $percent } % договора
segment-traffic-p95-help = Канал был занят сильнее только 5 % времени. Из средних за пять минут.
segment-traffic-p95-unknown = за это время неизвестен
segment-traffic-forecast = Когда заполнится
segment-traffic-quotas = Квоты
segment-traffic-no-quotas = Квот для сегмента нет.
segment-traffic-minute-peak = Минутный пик
forecast-no-rate = в реестре нет скорости по договору
forecast-not-enough = данных мало: полных недель { $weeks }, нужно { $needed }
forecast-full = в часы пик уже заполнен: { $now } из { $contract }
forecast-steady = роста не видно: в часы пик { $now } из { $contract }
forecast-fills = около { $at } (между { $earliest } и { $latest }); в часы пик { $now }, рост { $growth } в неделю
forecast-fills-open = около { $at } (не раньше { $earliest }); в часы пик { $now }, рост { $growth } в неделю

## Кто говорит в сегменте
segment-talk = Кто говорит внутри
talk-heading = { $name }: { $count ->
    [one] сейчас { $count } соединение
    [few] сейчас { $count } соединения
   *[other] сейчас { $count } соединений
}
talk-by = Как собрать соединения
talk-by-inside = По устройствам
talk-by-peer = По собеседникам
talk-by-port = По портам
talk-inside = Устройство
talk-peer = Собеседник
talk-port = Порт
talk-nobody = Соединений сейчас нет
talk-nobody-text = Откройте страницу ещё раз, когда сегмент будет работать.
talk-note = Соединения, открытые сейчас: сколько каждое передало с начала. Закрытые сюда не входят, их объём есть в учёте сегмента.
talk-away = Процесс наблюдения сейчас не отвечает, спросить о соединениях некого. Обновите страницу через несколько секунд.

## Отчёты
report-title = Отчёты за месяц
report-heading = { $month }: { $down } к сегментам, { $up } от сегментов
report-heading-none = { $month }: трафика не было
report-institution-heading = { $name }: { $total } за { $month }
report-month = Месяц
report-previous = Предыдущий месяц
report-next = Следующий месяц
report-acts = Акты PDF
report-acts-without = { $count ->
    [one] В файле PDF акты только тех учреждений, у которых был трафик: { $count } учреждение без трафика в него не входит.
    [few] В файле PDF акты только тех учреждений, у которых был трафик: { $count } учреждения без трафика в него не входят.
   *[other] В файле PDF акты только тех учреждений, у которых был трафик: { $count } учреждений без трафика в него не входят.
}
report-act = Акт PDF
report-segments = Сегментов
report-sum = Итого
report-running = Месяц ещё идёт: цифры растут.
report-ahead = Этот месяц ещё не наступил.
report-heading-ahead = { $month }: месяц ещё не наступил
report-spread = Часть трафика известна только суммой за более долгое время; на итог это не влияет.
report-by-class = По службам и направлениям
report-by-segment = По сегментам
report-empty = За этот месяц трафика нет
report-empty-hint = Выберите другой месяц.
report-gaps = Перерывы счёта в этом месяце
month-name-1 = январь
month-name-2 = февраль
month-name-3 = март
month-name-4 = апрель
month-name-5 = май
month-name-6 = июнь
month-name-7 = июль
month-name-8 = август
month-name-9 = сентябрь
month-name-10 = октябрь
month-name-11 = ноябрь
month-name-12 = декабрь
month-of-year = { $month } { $year } года
month-of-year-short = { $month } { $year }

## Акт
act-title = Акт об объёмах переданных данных
act-titles = Акты об объёмах переданных данных
act-number = № { $number }
act-period = за { $month }: с { $from } по { $to } включительно
act-running = Месяц ещё не закончился: акт предварительный.
act-institution = Учреждение
act-address = Адрес
act-contracts = Договоры
act-segments = По сегментам
act-classes = По службам и направлениям
act-note-count = Учтены байты сетевого уровня, как они шли по линии сегмента, без выборки. 1 МБ = 1 000 000 байт.
act-note-p95 = 95-й процентиль: из средних скоростей за пять минут; выше него канал был занят 5 % времени.
act-note-spread = Часть данных известна только суммой за время, когда счётчики не читались; в итог она вошла полностью.
act-operator = От узла
act-customer = От учреждения
act-under = подпись, фамилия, инициалы
act-below = «___» ______________ { $year } г.   М. П.
act-page = Страница { $page } из { $pages }
act-owner-unknown = Узел ведомственной сети

## Квоты
quota-title = Квоты и пороги
quota-heading-none = Квот пока нет
quota-heading-calm = Все сегменты в пределах квот
quota-heading-warned = { $count ->
    [one] { $count } сегмент подходит к квоте
    [few] { $count } сегмента подходят к квоте
   *[other] { $count } сегментов подходят к квоте
}
quota-heading-reached = { $count ->
    [one] { $count } сегмент исчерпал квоту
    [few] { $count } сегмента исчерпали квоту
   *[other] { $count } сегментов исчерпали квоту
}
quota-empty-text = Квота ограничивает объём за сутки или месяц, порог следит за скоростью. У предела узел сделает запись в журнале и, если нужно, замедлит сегмент.
quota-add = Добавить квоту
quota-new = Новая квота
quota-list = Все квоты
quota-standing = Кто подошёл к пределу
quota-standing-none = Ниже предупреждения все сегменты.
quota-name = Название
quota-name-help = Для людей: оно будет в журнале.
quota-whose = Чья
quota-whose-all = каждый сегмент сам по себе
quota-segment-help = Обозначение сегмента, например s007. Пусто: квота действует для каждого сегмента отдельно.
quota-no-segment = Такого сегмента нет. Выберите обозначение из списка.
quota-kind = Что ограничить
quota-kind-day = Объём за сутки
quota-kind-month = Объём за месяц
quota-kind-rate = Скорость
quota-kind-rate-help = Порог: превышение считается, когда скорость выше него каждую минуту подряд.
quota-bytes = Объём, ГБ
quota-bytes-help = Для объёма за сутки или месяц. 1 ГБ = 1 000 000 000 байт.
quota-rate = Скорость, Мбит/с
quota-rate-help = Для порога скорости.
quota-minutes = Сколько минут подряд
quota-minutes-help = От 1 до 60, для порога скорости.
quota-way = Что считать
quota-way-sum = в обе стороны вместе
quota-way-down = к сегменту
quota-way-up = от сегмента
quota-warn = Предупредить на, %
quota-warn-help = От 1 до 100 процентов предела; 100: без предупреждения.
quota-action = У предела
quota-action-notice = Записать в журнал
quota-action-notice-help = Трафик не ограничивается.
quota-action-shape = Замедлить сегмент
quota-action-shape-help = До конца периода обе стороны ограничены этой скоростью; запись в журнале тоже будет.
quota-kbps = До какой скорости, Кбит/с
quota-kbps-help = Не меньше 64.
quota-when-volume = нужно, если ограничен объём
quota-when-rate = нужно, если ограничена скорость
quota-when-shaped = нужно, если сегмент замедляется
quota-need = Поле пустое. Заполните его.
quota-not-number = Напишите число больше нуля.
quota-range = Напишите целое число от { $from } до { $to }.
quota-added = Квота добавлена.
quota-removed = Квота удалена.
quota-remove = Удалить квоту
quota-remove-heading = Удалить квоту: { $name }?
quota-remove-text = Сегменты, замедленные этой квотой, снова пойдут с прежней скоростью. Прежние записи останутся в журнале.
quota-limit = Предел
quota-limit-day = { $bytes } за сутки
quota-limit-month = { $bytes } за месяц
quota-limit-rate = { $minutes ->
    [one] { $rate } дольше { $minutes } минуты
   *[other] { $rate } дольше { $minutes } минут
}
quota-now = Сейчас
quota-used = { $used } из { $limit }, { $percent } %
quota-level-normal = в пределах
quota-level-warned = близко к пределу
quota-level-reached = исчерпана
quota-noticed = запись в журнале
quota-shaped = замедляет до { $rate }
quota-counts = исчерпали { $reached }, близко { $warned }

## Журнал
action-traffic-reset = счётчики обнулены
action-traffic-life = счётчики начались заново
action-traffic-away = счётчики не читались
action-quota-create = добавлена квота
action-quota-update = изменена квота
action-quota-remove = удалена квота
action-quota-warn = близко к квоте
action-quota-reach = квота исчерпана
action-quota-end = снова в пределах квоты
subject-quota = Квота
subject-traffic = Учёт трафика

# What segments open themselves: how fast the channel is.
speed-title = Скорость канала
speed-heading = Скорость канала: { $segment }
speed-intro = Узел передаёт данные на этот компьютер и принимает их, по десять секунд в каждую сторону. Остальной трафик сегмента идёт первым: работу прерывать не нужно.
speed-start = Измерить
speed-listening = Слушаем канал …
speed-failed = Измерить не удалось. Попробуйте через минуту.
speed-no-script = Без скриптов можно измерить только направление к сегменту: скачайте пробный файл и обновите эту страницу.
speed-file = Пробный файл
speed-address = Ваш адрес
speed-contract-down = По договору к сегменту
speed-contract-up = По договору от сегмента
speed-results = Результаты измерений
speed-none = Ещё не измеряли.
speed-way = Направление
speed-rate = Измерено
speed-work = Остальной трафик
speed-delay = Задержка, мс
speed-delay-note = Задержка: в покое / во время измерения.
speed-limit = Чем ограничено
speed-limit-channel = каналом
speed-limit-contract = договором
speed-limit-work = остальным трафиком
speed-limit-hub = узлом
speed-how = Чтобы измерить, откройте { $url } на компьютере сегмента; программа не нужна. Остальной трафик идёт первым.
speed-stranger = Ваш адрес { $address } не относится ни к одному сегменту. Откройте эту страницу на компьютере в сети учреждения или сообщите администратору узла.
speed-too-soon = Этот сегмент только что измеряли. Попробуйте через { $wait }.
speed-full = Сейчас измеряют другие сегменты. Попробуйте через { $wait }.
speed-blind = Узел сейчас не считает трафик и не смог бы уступать другим. Попробуйте через минуту.
