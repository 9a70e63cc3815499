# Права: кто что может. Имена стоят в именительном падеже.

## Разделы
rights-title = Права
rights-tab-people = Люди
rights-tab-roles = Роли
rights-tab-report = Кто что может

## Чего не хватает
rights-denied-title = Не хватает права
rights-denied-what = Для этого нужно право: { $right }.
rights-denied-ask = К кому обратиться: { $names }.
rights-denied-administrator = администратор сети
rights-denied-me = Мои права

## Права
right-network-read = видеть сеть: сегменты, отключения
right-network-write = изменять сегменты, узлы провайдеров, обслуживание
right-rules-read = видеть правила
right-rules-write = изменять правила
right-traffic-read = видеть трафик и отчёты о нём
right-traffic-write = изменять квоты
right-journal-read = читать журнал
right-system-read = видеть состояние узла
right-system-write = завершать сеансы, выдавать ссылки для входа
right-ca-read = видеть сертификаты и заявки
right-ca-issue = выпускать сертификаты
right-ca-revoke = отзывать и приостанавливать сертификаты
right-rights-read = видеть права
right-rights-write = давать и отнимать права
right-portal-enter = входить в закрытую часть

## Роли
role-administrator = Администратор
role-ca-officer = Сотрудник удостоверяющего центра
role-rights-administrator = Администратор прав
role-auditor = Аудитор
role-observer = Наблюдатель
role-civil-servant = Госслужащий

## Где действует
scope-everywhere = Везде
scope-district = Район: { $id }
scope-institution = Учреждение: { $id }
scope-segment = Сегмент: { $id }
scope-kind-district = Район
scope-kind-institution = Учреждение
scope-kind-segment = Сегмент
scope-kind-other = Другое, в виде вид:имя

## Люди
rights-people-heading = { $count ->
    [one] Права есть у { $count } человека
   *[other] Права есть у { $count } человек
}
rights-people-none = Прав пока ни у кого нет
rights-people-list = Люди
rights-people-empty = Никто не найден
rights-people-empty-text = Человек появляется здесь с первым сертификатом. Попробуйте другое имя.
rights-column-name = Имя
rights-column-organisation = Учреждение
rights-column-roles = Роли
rights-column-state = Состояние
rights-person-suspended = права приостановлены
rights-person-active = права действуют
rights-person-nothing = прав нет

## Человек
rights-person-id = Идентификатор
rights-person-institution = Учреждение
rights-person-known = В реестре
rights-grants = Выданные роли
rights-grants-empty = Ролей нет
rights-grants-empty-text = Выдайте этому человеку роль.
rights-column-role = Роль
rights-column-scope = Где действует
rights-column-from = С
rights-column-until = До
rights-column-given-by = Кто выдал
rights-column-why = Основание
rights-column-acts = Действия
rights-state-holds = действует
rights-state-waits = ждёт второго человека
rights-state-waits-partly = действует, кроме того, что ждёт второго человека
rights-state-later = начнётся позже
rights-state-suspended = приостановлена
rights-state-over = закончилась
rights-no-end = без срока
rights-act-give = Выдать роль
rights-act-end = Прекратить
rights-act-suspend = Приостановить
rights-act-resume = Возобновить
rights-act-confirm = Подтвердить
rights-act-stand-in = Назначить замещающего
rights-act-person-suspend = Приостановить все права
rights-act-person-resume = Возобновить все права
rights-stands-in = Кого замещает
rights-stand-ins = Кто замещает
rights-none-stands-in = Никто

## Формы
rights-ask-role = Роль
rights-ask-scope-kind = Где действует
rights-ask-scope-id = Где именно
rights-ask-scope-id-help = Идентификатор учреждения или сегмента либо название района. Для «везде» оставьте пустым.
rights-ask-from = С
rights-ask-from-help = Пусто: сразу.
rights-ask-until = До
rights-ask-until-help = Пусто: без срока.
rights-ask-why = Основание
rights-ask-why-help = Приказ или заявка; попадёт в журнал.
rights-ask-substitute = Кто замещает
rights-ask-substitute-help = На это время у замещающего те же права, а в журнале сказано, за кого он действует.
rights-give-heading = Выдать роль: { $name }
rights-stand-in-heading = Замещение: { $name }
rights-act-heading = { $act }: { $what }
rights-done = Готово. Изменение уже действует.
rights-waits-done = Роль выдана. Она начнёт действовать, когда её подтвердит второй человек.
rights-stand-in-waits-done = Замещающий назначен. Замещение начнёт действовать, когда его подтвердит второй человек.

## Ошибки
rights-fault-scope = Такого места нет: укажите идентификатор или выберите «везде».
rights-fault-moment = Это не дата и время.
rights-fault-person = Такого человека нет.
rights-fault-role = Такой роли нет.
rights-fault-times = Окончание раньше начала или уже прошло.
rights-fault-why = Укажите основание.
rights-fault-own = Себе права не выдают. Обратитесь к другому администратору прав.
rights-fault-outside = Там вы не можете выдавать права. Обратитесь к тому, кто может.
rights-fault-second = Подтвердить должен второй человек: не тот, кто выдал, и не тот, кому выдано.
rights-fault-last = После этого никто не сможет выдавать права. Сначала назначьте другого администратора прав.
rights-fault-already = Такая запись уже действует.
rights-fault-gone = Она уже закончилась или её изменили. Посмотрите ещё раз.
rights-fault-built-in = Эта роль принадлежит узлу, её права не меняются. Создайте другую.
rights-fault-role-id = Имя роли: от 1 до 48 знаков a-z, 0-9 и «-».
rights-fault-role-empty = Укажите хотя бы одно право.
rights-fault-role-held = Эта роль есть у людей. Сначала прекратите её действие у них.

## Роли на странице
rights-roles-heading = { $count ->
    [one] { $count } роль
    [few] { $count } роли
   *[other] { $count } ролей
}
rights-roles-list = Роли
rights-roles-new = Новая роль
rights-roles-edit = Роль: { $name }
rights-roles-close = Закрыть роль
rights-roles-closed = Роль закрыта.
rights-column-id = Идентификатор
rights-column-rights = Права
rights-column-second = Второй человек
rights-second-yes = нужен
rights-second-no = не нужен
rights-ask-id = Идентификатор
rights-ask-title = Название
rights-ask-rights = Права
rights-ask-rights-help = По одному на строке или через пробел: { $known }
rights-ask-second = Каждая выдача ждёт подтверждения второго человека

## Отчёт
rights-report-heading = Кто что может, { $day }
rights-report-list = Кто что может
rights-report-on = На день
rights-report-right = Право
rights-report-empty = Тогда этого не мог никто
rights-report-empty-text = Выберите другой день или другое право.
rights-report-csv = Таблицей (CSV)
rights-report-for = за кого: { $name }

## Мои права
me-institution = Учреждение
me-suspended = Ваши права приостановлены. К кому обратиться: { $names }.
me-nothing = Прав пока нет. К кому обратиться: { $names }.
me-role = Роль
me-where = Где действует
me-when = До
me-what = Что позволяет
me-for = За кого
me-own = за себя

## В журнале
action-rights-person-add = внесён человек
action-rights-person-rename = изменено имя или учреждение человека
action-rights-grant = выдана роль
action-rights-end = прекращено действие роли
action-rights-confirm = роль подтверждена вторым человеком
action-rights-suspend = приостановлена роль
action-rights-resume = возобновлена роль
action-rights-person-suspend = приостановлены все права человека
action-rights-person-resume = возобновлены права человека
action-rights-substitute = назначен замещающий
action-rights-substitute-confirm = замещение подтверждено вторым человеком
action-rights-substitute-end = замещение прекращено
action-rights-role = изменена роль
action-rights-role-close = закрыта роль
