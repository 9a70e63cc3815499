# Общие слова страниц: единицы, состояния, рамка, ошибки. Неразрывный пробел ставится там, где строку нельзя рвать.

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
unit-hour = ч
unit-day = сут

month-of-1 = января
month-of-2 = февраля
month-of-3 = марта
month-of-4 = апреля
month-of-5 = мая
month-of-6 = июня
month-of-7 = июля
month-of-8 = августа
month-of-9 = сентября
month-of-10 = октября
month-of-11 = ноября
month-of-12 = декабря

state-up = работает
state-down = нет связи
state-degraded = неустойчиво
state-maintenance = плановые работы
state-unknown = нет данных
# Слово после числа: «43 работают»; само число печатается отдельно.
count-up = { $count ->
    [one] работает
   *[other] работают
}
count-down = без связи
count-degraded = { $count ->
    [one] неустойчив
   *[other] неустойчивы
}
count-maintenance = на плановых работах
count-unknown = без данных
counts-label = Сколько сегментов в каком состоянии

language-name = Русский
language-switch = Язык
theme-switch = Оформление
theme-auto = Как в системе
theme-light = Светлое
theme-dark = Тёмное
skip-to-content = К содержанию
navigation = Разделы
breadcrumbs = Где вы
search-label = Найти
search-hint = Сегмент, учреждение, адрес
menu = Меню
preferences = Настройки вида
sign-out = Выйти
print = Печать
download-csv = CSV
all = Все
close = Закрыть
details = подробнее
page-of-print = Адрес этой страницы
printed-at = Напечатано { $moment }
zone-of-times = Время: { $zone }
footer-help = Клавиши

help-title = Клавиши
help-search = искать
help-help = эта справка
help-rows = следующая или предыдущая строка
help-open = открыть строку
help-star = схема или таблица
help-wall = экран для стены
help-pause = трафик: остановить или продолжить показ
help-go = перейти: { $place }
help-escape = закрыть, снять выделение
help-shortcuts-on = Включить клавиши
help-shortcuts-off = Отключить клавиши
help-shortcuts-state-on = Одиночные клавиши включены.
help-shortcuts-state-off = Одиночные клавиши отключены.

age = данные { $age } назад
age-now = данные свежие
live-stale = Обновления не приходят уже { $age }. На странице то, что было в { $time }; подключаемся снова.
live-back = Связь с узлом восстановлена, данные свежие.
live-needs-script = Без JavaScript страница обновляется раз в 10 секунд.
loading = Загружается…

error-not-found-title = Такой страницы нет
error-not-found-what = По этому адресу ничего не лежит: возможно, ссылка устарела или в ней опечатка.
error-not-found-do = Проверьте адрес, найдите нужное поиском или начните с обзора.
error-forbidden-title = Сюда вам нельзя
error-forbidden-what = Эта страница есть, но у вас нет на неё права.
error-forbidden-do = Если она нужна вам для работы, попросите администратора узла дать право и назовите ему этот адрес.
error-sign-in-title = Сначала войдите
error-sign-in-what = Страница открывается с сертификатом администратора или по одноразовой ссылке. Срок прежнего входа мог истечь.
error-sign-in-do = Выберите сертификат, когда браузер его спросит, или получите новую ссылку командой
error-stale-title = Запись уже изменили
error-stale-what = Пока вы правили, эту запись сохранил кто-то другой. Ваши правки не записаны, чужие не тронуты.
error-stale-do = Откройте запись заново, сверьте и внесите свои правки ещё раз. То, что вы ввели, вернёт кнопка браузера «Назад».
error-internal-title = Не получилось
error-internal-what = На узле случилась ошибка, страница не построена. Наблюдение за сегментами от этого не останавливается.
error-internal-do = Попробуйте ещё раз через минуту. Если повторится, передайте администратору узла номер ошибки.
error-unavailable-title = Подождите немного
error-unavailable-what = Нужная часть узла сейчас не отвечает: она запускается или перегружена.
error-unavailable-do = Страница откроется сама, как только часть ответит. Наблюдение за сегментами продолжается.
error-bad-request-title = Запрос не понят
error-bad-request-what = Браузер прислал то, что эта страница не принимает. Ничего не изменено.
error-bad-request-do = Вернитесь назад, проверьте введённое и отправьте ещё раз.
error-reference = Номер ошибки: { $reference }
error-to-overview = На обзор
error-try-again = Попробовать ещё раз

star-title = Связи узла
star-as-star = Схема
star-as-table = Таблица
star-label = Звезда узла: { $count ->
    [one] { $count } сегмент
    [few] { $count } сегмента
   *[other] { $count } сегментов
}
star-hub = узел
star-width = толщина линии — трафик сейчас
star-node = { $name }: { $state }
star-group = { $name }: { $count ->
    [one] { $count } сегмент
    [few] { $count } сегмента
   *[other] { $count } сегментов
}, { $state }
star-group-down = без связи { $count }
star-group-troubled = { $count } из { $total }
star-elsewhere = Требуют внимания
star-more = и ещё { $count }
star-no-group = Прочие

chart-table = Данные таблицей
chart-time = Время
chart-no-data = Данных за это время нет
chart-loss = Потери, %
chart-rtt-distribution = Сколько ответов за какое время
chart-answers = Ответов
chart-time-up-to = Время ответа, мс
chart-from-to = { $from } – { $to }
chart-lost-share = Потеряно проб: { $percent } %
sparkline-summary = от { $min } до { $max }
sparkline-empty = нет данных
strip-label = Доступность по дням, { $count ->
    [one] { $count } день
    [few] { $count } дня
   *[other] { $count } дней
}
strip-day = { $date }: доступность { $percent } %, без связи { $down }
strip-day-whole = { $date }: без перерывов
strip-day-partly = { $date }: перерывов не замечено, нет данных { $unknown }
strip-day-unknown = { $date }: нет данных
strip-ago = { $count ->
    [one] { $count } день назад
    [few] { $count } дня назад
   *[other] { $count } дней назад
}
strip-date = Дата
strip-all-whole = Все дни без перерывов
strip-today = сегодня

timeline-state = Состояние
timeline-length = Сколько

sort-by = сортировать: { $column }
row-count = { $count ->
    [one] { $count } строка
    [few] { $count } строки
   *[other] { $count } строк
}
table-scrolls = Таблица шире экрана: её можно прокрутить вбок.
pager-label = Страницы списка
pager-previous = Раньше
pager-next = Дальше
pager-shown = { $from } – { $to } из { $total }

form-errors = { $count ->
    [one] Не сохранено: исправьте { $count } поле
    [few] Не сохранено: исправьте { $count } поля
   *[other] Не сохранено: исправьте { $count } полей
}
form-unusual = Всё верно?
form-anyway = Сохранить всё равно
form-error = Ошибка:
form-optional = необязательно
form-one-of-three = хотя бы одно из трёх
form-choose = Выберите…
form-draft-restored = Восстановлен черновик, который вы не отправили.
form-draft-discard = Начать заново
form-save = Сохранить
form-cancel = Отменить

value-none = нет
value-unknown = неизвестно
yes = да
no = нет

story-emergency = Аварийное.
story-planned = Плановое.
flash-close = Убрать сообщение
error-form-expired-title = Форма устарела
error-form-expired-what = Страница с формой открыта слишком давно или вход выполнен заново. Отправленное не записано.
error-form-expired-do = Вернитесь назад, обновите страницу и отправьте форму ещё раз.
