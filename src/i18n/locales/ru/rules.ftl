# Правила: кто куда может обращаться. Имена стоят в именительном падеже.

## Разделы
rules-title = Правила
rules-tab-now = В силе
rules-tab-draft = Черновик
rules-tab-draft-count = Черновик ({ $count })
rules-tab-history = История
rules-tab-reach = Кому что доступно
rules-tab-offences = Нарушения
rules-by-registry = узел, вслед за реестром
rules-by-netd = процесс наблюдения

## Что в силе
rules-heading-in-force = В силе изменение № { $no }
rules-heading-waiting = Изменение № { $no } ждёт подтверждения
rules-heading-none = Правил пока нет
rules-heading-away = Что сейчас в силе, неизвестно
rules-heading-problem = Правила не действуют
rules-heading-drift = { $count ->
    [one] В ядре { $count } отличие от правил
    [few] В ядре { $count } отличия от правил
   *[other] В ядре { $count } отличий от правил
}
rules-behind = Правила отстают от реестра: изменённое там не действует.
rules-heading-differs = Правила отстают от реестра
rules-since-by = с { $at }, { $who }
rules-away = Процесс наблюдения не отвечает. Правила в ядре остались как были; ниже то, что узел знал в последний раз. Черновик можно править, применить его получится, когда процесс ответит.
rules-problem = На этой машине правила нельзя ввести в силу: { $why }. Исправьте это, узел введёт их сам.
rules-drift = { $count ->
    [one] Кто-то изменил ядро мимо узла: { $count } отличие. Узел возвращает правила на место; если отличие не исчезает, найдите, какая программа его вносит.
    [few] Кто-то изменил ядро мимо узла: { $count } отличия. Узел возвращает правила на место; если отличия не исчезают, найдите, какая программа их вносит.
   *[other] Кто-то изменил ядро мимо узла: { $count } отличий. Узел возвращает правила на место; если отличия не исчезают, найдите, какая программа их вносит.
}
rules-drift-title = Отличия ядра
rules-drift-what = Что
rules-drift-wanted = Должно быть
rules-drift-found = Есть
rules-differs-text = Права и реестр требуют других правил, чем те, что в силе.
rules-differs-tried = Это уже пробовали:
rules-try-again = Попробовать ещё раз
rules-change-no = изменение № { $no }
rules-services = Службы
rules-services-retired = Выведенные из употребления
rules-service-add = Добавить службу
rules-no-services = Служб пока нет
rules-no-services-text = Сегменты ни к чему не могут обращаться. Добавьте первую службу.
rules-column-service = Служба
rules-column-who = Кому доступна
rules-column-ports = Порты
rules-column-place = Где работает
rules-who-everyone = все сегменты
rules-who-nobody = никто
rules-who-some = { $count ->
    [one] { $count } сегмент
    [few] { $count } сегмента
   *[other] { $count } сегментов
}
rules-on-hub = на самом узле
rules-text-link = как текст
rules-fact-change = Изменение
rules-fact-since = С какого времени
rules-fact-author = Кто
rules-fact-why = Почему
rules-fact-end = Чем кончилось
rules-fact-ended = Когда кончилось
rules-fact-compared = Ядро сверено
rules-compared-before = до этого изменения; следующая сверка впереди
rules-fact-cause = Откуда взялось
rules-fact-base = Сделано поверх
rules-fact-behalf = По поручению
rules-fact-from = Из сегмента
rules-fact-differences = Отличий
rules-fact-number = Номер
rules-fact-retired = Выведена
rules-your-draft = Ваш черновик
rules-draft-review = Просмотреть черновик
rules-draft-empty-text = Правки собираются в черновике и ничего не меняют, пока вы его не примените.
rules-drafts-others = Черновики есть и у других: { $who }.
rules-limits = Ограничения
rules-limits-default = Для всех сегментов
rules-limits-own = Со своими ограничениями
rules-limits-shaped = С ограниченной скоростью

## Ожидание подтверждения
rules-waits = Изменение № { $no } ({ $who }) ждёт подтверждения до { $time }.
rules-left = Осталось
rules-waits-text = Оно уже действует. Проверьте, что всё нужное работает, и подтвердите. Без подтверждения прежние правила вернутся сами; они вернутся и тогда, когда пропадёт связь с сегментами, которые были на связи.
rules-fact-until = Ждёт до
rules-fact-then = Без подтверждения
rules-fact-confirms = Кто подтверждает
rules-back-to = вернётся изменение № { $no }
rules-back-to-nothing = вернётся состояние без правил
rules-confirms-any = любой администратор
rules-confirms-you = вы: изменение ваше
rules-confirms-author = только { $who }; взять назад может каждый
rules-confirm = Подтвердить
rules-take-back = Вернуть прежние правила
rules-confirmed = Изменение № { $no } подтверждено и останется.
rules-withdrawn = Изменение № { $no } взято назад, прежние правила снова в силе.
rules-applied = Изменение № { $no } в силе.
rules-applied-waits = Изменение № { $no } действует. Подтвердите его до { $time }, иначе вернутся прежние правила.

## Черновик
rules-draft-heading = { $count ->
    [one] Черновик: { $count } правка
    [few] Черновик: { $count } правки
   *[other] Черновик: { $count } правок
}
rules-draft-heading-takes = { $count ->
    [one] Черновик: { $count } правка, кое-что будет отнято
    [few] Черновик: { $count } правки, кое-что будет отнято
   *[other] Черновик: { $count } правок, кое-что будет отнято
}
rules-draft-heading-faults = { $count ->
    [one] В черновике { $count } ошибка
    [few] В черновике { $count } ошибки
   *[other] В черновике { $count } ошибок
}
rules-draft-heading-empty = Черновик пуст
rules-review-changes = Что изменится
rules-review-nothing = Ничего: права уже такие.
rules-takes = Отнимает
rules-gives = Добавляет или меняет
rules-plan = То же в правилах ядра
rules-plan-added = { $count ->
    [one] Появится { $count } правило
    [few] Появятся { $count } правила
   *[other] Появится { $count } правил
}
rules-plan-removed = { $count ->
    [one] Исчезнет { $count } правило
    [few] Исчезнут { $count } правила
   *[other] Исчезнет { $count } правил
}
rules-plan-same = Правила ядра останутся прежними.
rules-plan-unknown = Посчитать сейчас нельзя.
rules-edits = { $count ->
    [one] { $count } правка
    [few] { $count } правки
   *[other] { $count } правок
}
rules-undo = Убрать
rules-edit-undone = Правка убрана из черновика.
rules-draft-discard = Выбросить черновик
rules-draft-discarded = Черновик выброшен.
rules-edits-taken = { $count ->
    [one] Правка в черновике. Просмотрите его и примените.
   *[other] В черновик добавлено правок: { $count }. Просмотрите его и примените.
}
rules-apply = Применить
rules-apply-faults = Сначала исправьте ошибки, названные выше: правку можно убрать и сделать заново.
rules-apply-waits = Изменение что-то отнимает. Оно вступит в силу сразу, но вернётся само, если вы его не подтвердите.
rules-apply-at-once = Изменение ничего не отнимает и вступит в силу сразу, без подтверждения.
rules-reason = Почему
rules-reason-help = Останется в истории и в журнале: кто просил, номер письма.
rules-reason-missing = Напишите, почему меняются правила: без этого изменение потом не понять.
rules-within = Сколько ждать подтверждения
rules-within-help = Столько времени есть на проверку. Потом прежние правила вернутся сами.
rules-to-draft = В черновик
rules-to-draft-text = Ничего не изменится, пока вы не примените черновик.
rules-edit-add = Новая служба «{ $service }»: { $details }
rules-edit-change = Служба «{ $service }» меняется: { $details }
rules-edit-retire = Служба «{ $service }» выводится из употребления
rules-edit-back = Служба «{ $service }» возвращается
rules-edit-grant = { $segment }: разрешить службу «{ $service }»
rules-edit-withdraw = { $segment }: отозвать службу «{ $service }»
rules-edit-limits-all = Ограничения для всех: { $limits }
rules-edit-limits-own = { $segment }: свои ограничения, { $limits }
rules-edit-limits-none = { $segment }: ограничения снова как у всех
rules-edit-shape-none = { $segment }: скорость больше не ограничивать
rules-edit-shape-contract = { $segment }: ограничить скорость договором
rules-edit-shape-own = { $segment }: ограничить скорость, { $rate }

## Отличия словами
rules-change-granted = { $count ->
    [one] { $list }: получает службу «{ $service }»
    [few] Службу «{ $service }» получают { $count } сегмента: { $list }
   *[other] Службу «{ $service }» получают { $count } сегментов: { $list }
}
rules-change-withdrawn = { $count ->
    [one] { $list }: теряет службу «{ $service }»
    [few] Службу «{ $service }» теряют { $count } сегмента: { $list }
   *[other] Службу «{ $service }» теряют { $count } сегментов: { $list }
}
rules-change-new = { $count ->
    [one] Новый сегмент: { $list }
   *[other] Новые сегменты ({ $count }): { $list }
}
rules-change-gone = { $count ->
    [one] Сегмента больше нет: { $list }
   *[other] Сегментов больше нет ({ $count }): { $list }
}
rules-change-moved = { $segment }: порт узла { $to } вместо { $from }
rules-change-prefix-added = { $segment }: добавляется сеть { $prefix }
rules-change-prefix-removed = { $segment }: сети { $prefix } больше нет
rules-change-bound = { $segment }: привязан к маршрутизатору { $router }
rules-change-unbound = { $segment }: больше не привязан к маршрутизатору
rules-change-limits-all = Ограничения для всех: { $limits }; было: { $was }
rules-change-limits-own = { $segment }: свои ограничения, { $limits }
rules-change-limits-none = { $segment }: ограничения снова как у всех
rules-change-rate = { $segment }: скорость ограничена, { $rate }
rules-change-rate-none = { $segment }: скорость больше не ограничена
rules-change-service-added = Новая служба «{ $service }»
rules-change-service-removed = Службы «{ $service }» больше нет
rules-change-ports = Служба «{ $service }»: порты { $to } вместо { $from }
rules-change-servers = Служба «{ $service }» работает: { $to }; раньше: { $from }
rules-change-opened = Служба «{ $service }» открывается всем сегментам
rules-change-closed = Служба «{ $service }» закрывается для всех, кроме сегментов с разрешением
rules-change-network = Сеть узла «{ $name }» описана в настройках иначе

## Ограничения и скорость
rules-limit-connections = { $count ->
    [one] { $count } соединение
    [few] { $count } соединения
   *[other] { $count } соединений
}
rules-limit-new = { $count ->
    [one] { $count } новое соединение в секунду
    [few] { $count } новых соединения в секунду
   *[other] { $count } новых соединений в секунду
}
rules-limit-packets = { $count ->
    [one] { $count } пакет в секунду
    [few] { $count } пакета в секунду
   *[other] { $count } пакетов в секунду
}
rules-limit-none = без ограничений
rules-limits-heading = Ограничения для всех сегментов
rules-limits-text = Действуют на каждый сегмент, у которого нет своих. Пустое поле: без ограничения.
rules-limits-single = Отличаются от общих
rules-limits-single-text = Свои ограничения и скорость задаются на странице сегмента: «Доступ и ограничения», изменить.
rules-limits-all-alike = У всех сегментов ограничения одинаковы.
rules-limits-connections = Открытых соединений
rules-limits-new = Новых соединений в секунду
rules-limits-packets = Пакетов в секунду
rules-limits-like-all = Как у всех
rules-limits-of-its-own = Свои
rules-limits-its-own = свои: { $limits }
rules-number-wrong = Здесь нужно целое число от 1 до { $most }, например 2000.
rules-shaping = Скорость
rules-shape-none = Не ограничивать
rules-shape-contract = по договору
rules-shape-by-contract = По договору
rules-shape-own = Своя
rules-rate-free = без ограничения
rules-rate-down = К сегменту, Кбит/с
rules-rate-up = От сегмента, Кбит/с

## Служба
rules-service-heading-all = { $name }: открыта всем сегментам
rules-service-heading-some = { $count ->
    [one] { $name }: доступна { $count } сегменту
   *[other] { $name }: доступна { $count } сегментам
}
rules-service-heading-nobody = { $name }: пока никому не доступна
rules-service-heading-new = { $name }: есть только в черновике
rules-service-heading-retired = { $name }: выведена из употребления
rules-service-drafted = В вашем черновике служба выглядит иначе; сведения показаны из черновика.
rules-service-new = Новая служба
rules-service-retire = Вывести из употребления
rules-service-back = Вернуть в употребление
rules-service-id-help = Строчные латинские буквы, цифры и дефис: mail. Потом не меняется.
rules-service-id-wrong = Обозначение пишется строчными латинскими буквами, цифрами и дефисом и начинается с буквы: mail.
rules-service-name-help = Достаточно одного языка.
rules-service-addresses = Адреса серверов
rules-service-addresses-help = По одному в строке.
rules-service-addresses-when = кроме службы на самом узле
rules-service-address-wrong = Это не адреса: { $what }. Напишите, например, 10.1.0.10.
rules-service-address-missing = Укажите хотя бы один адрес сервера или выберите «на самом узле».
rules-service-ports-help = По одному в строке: tcp/25, udp/50000-50099, icmp.
rules-service-port-wrong = Это не порты: { $what }. Напишите tcp/25, udp/50000-50099 или icmp; номера портов от 1 до 65535.
rules-service-port-missing = Укажите хотя бы один порт: tcp/25.
rules-place-behind = в сети служб за узлом
rules-place-behind-help = На серверах, адреса которых указаны ниже.
rules-place-hub-help = На любом адресе узла.
rules-open-everyone = открыта всем сегментам
rules-open-granted = только сегментам с разрешением
rules-grants-which = Какие
rules-grants-may = С разрешением
rules-grants-may-not = Без разрешения
rules-grants-now = Личное право
rules-grants-will = получит
rules-grants-will-not = потеряет
rules-grants-all = { $count ->
    [one] Все найденные: { $count } сегмент
    [few] Все найденные: { $count } сегмента
   *[other] Все найденные: { $count } сегментов
}
rules-grant = Разрешить
rules-withdraw = Отозвать
rules-grants-open = Служба открыта всем. Разрешения ниже начнут действовать, если её закрыть.
rules-grants-retired = Служба выведена из употребления. Разрешения сохраняются и снова подействуют, если её вернуть.
rules-grants-none = Ничего не найдено
rules-grants-none-text = Измените условия поиска.
rules-grants-nobody = Сегменты не выбраны: отметьте хотя бы один.
rules-grants-same = Так уже есть: в черновик добавлять нечего.

## Сегмент
rules-segment-title = Доступ и ограничения
rules-segment-heading = { $name }: доступ и ограничения
rules-segment-may = Доступные службы
rules-now-may = сейчас доступна

## История
rules-history-title = История правил
rules-history-heading = Кто и почему менял правила
rules-history-empty = Здесь появится первое изменение, как только правила вступят в силу.
rules-version-heading = Изменение № { $no }: { $state }
rules-version-changes = Что изменилось
rules-version-between = От изменения № { $from } к изменению № { $to }
rules-version-first = Это первое изменение: сравнивать не с чем.
rules-version-same = Правила одинаковы.
rules-compare-with = Сравнить с изменением №
rules-compare = Сравнить
rules-restore = Вернуть эти права
rules-restore-text = В черновик попадут правки, которые приведут к этим правам. Его нужно будет просмотреть и применить.
rules-restored = Права изменения № { $no } собраны в черновике. Просмотрите его и примените.
rules-restored-partly = Права изменения № { $no } собраны в черновике, кроме относящихся к снятым с учёта сегментам: { $count }.
rules-cause-first = первый запуск узла
rules-cause-draft = черновик администратора
rules-cause-registry = изменился реестр
rules-cause-found = найдено в ядре
rules-end-sent = передано, ответа ещё нет
rules-end-waiting = ждёт подтверждения до { $time }
rules-end-in-force = вступило в силу, подтверждения не требовало
rules-end-confirmed = подтверждено: { $who }
rules-end-refused = не вступило в силу: { $why }
rules-end-time-out = вернулось само, никто не подтвердил вовремя
rules-end-withdrawn = взято назад: { $who }
rules-end-veto = вернулось само, пропала связь: { $list }
rules-end-restarted = вернулось само, узел перезапустился до подтверждения
rules-end-unknown = вернулось, причина неизвестна

## Текст правил
rules-text-title = Правила ядра
rules-text-heading = { $count ->
    [one] Правила ядра: { $count } строка
    [few] Правила ядра: { $count } строки
   *[other] Правила ядра: { $count } строк
}
rules-text-plain = простой текст
rules-text-rest = Остальное есть в простом тексте:

## Кому что доступно
rules-reach-isolated = Ни один сегмент не имеет доступа к другому
rules-reach-leaks = { $count ->
    [one] { $count } пара сегментов не изолирована
    [few] { $count } пары сегментов не изолированы
   *[other] { $count } пар сегментов не изолированы
}
rules-reach-unproved = Проверить правила ядра сейчас нельзя
rules-reach-pairs = { $found } из { $pairs } пар
rules-reach-text = Посчитано по правилам, которые сейчас в ядре, и сверено с правами.
rules-reach-by-rights = { $why } Ниже то, что должно быть по правам; ядром это не проверено.
rules-reach-pair = { $from }: есть доступ к сегменту { $to }, так быть не должно. Посмотрите текст правил и историю.
rules-reach-outside = { $segment }: есть прямой доступ к внешней сети, мимо шлюза, так быть не должно.
rules-reach-spoofs = { $segment }: может отправлять пакеты с чужими адресами отправителя, так быть не должно.
rules-reach-matrix = Сегменты и службы
rules-reach-odd = Только с отклонениями
rules-reach-column-outside = Внешняя сеть напрямую
rules-reach-column-neighbours = Соседние сегменты
rules-reach-column-spoofs = Чужие адреса
rules-yes = да
rules-no = нет
rules-extra = лишнее
rules-missing = не работает
rules-legend-yes = доступ есть и разрешён
rules-legend-no = нет: доступа нет, и он не разрешён
rules-legend-extra = доступ есть, хотя не разрешён
rules-legend-missing = доступ разрешён, но его нет
rules-ask = Есть ли у сегмента доступ?
rules-ask-what = К чему: служба или сегмент
rules-ask-button = Узнать
rules-ask-yes = Да: сегмент «{ $segment }» имеет доступ к службе «{ $what }», доступ разрешён.
rules-ask-no = Нет: сегмент «{ $segment }» не имеет доступа к службе «{ $what }», доступ не разрешён.
rules-ask-extra = Сегмент «{ $segment }» имеет доступ к службе «{ $what }», хотя доступ не разрешён.
rules-ask-missing = Сегмент «{ $segment }» не имеет доступа к службе «{ $what }», хотя доступ разрешён. Посмотрите, не отстают ли правила от прав.
rules-ask-apart = Нет: сегмент «{ $segment }» не имеет доступа к сегменту «{ $what }», доступ не разрешён.
rules-ask-no-segment = Сегмента «{ $what }» нет: напишите обозначение или часть названия.
rules-ask-nothing = Ни службы, ни сегмента «{ $what }» нет: напишите обозначение или часть названия.

## Нарушения
offences-heading-none = Сейчас никто не нарушает
offences-heading = { $count ->
    [one] Продолжается { $count } нарушение
    [few] Продолжаются { $count } нарушения
   *[other] Продолжаются { $count } нарушений
}
offences-open = Только продолжающиеся
offences-none = Нарушений нет
offences-none-text = Здесь появится сегмент, который превышает ограничения, перебирает адреса и порты, подставляет чужие адреса отправителя или обращается к соседям.
offences-column-kind = Что
offences-column-since = С какого времени
offences-column-until = До какого времени
offences-column-packets = Отброшено пакетов
offences-column-action = Что сделал узел
offences-column-examples = Примеры
offences-interface = порт узла { $name }
offences-examples = { $count ->
    [one] { $count } пример
    [few] { $count } примера
   *[other] { $count } примеров
}
offence-flood = Поток сверх ограничений
offence-scan = Перебор адресов и портов
offence-spoof = Чужие адреса отправителя
offence-neighbour = Обращения к соседям
offence-flood-action = лишнее отброшено, остальное прошло
offence-scan-action = отброшено
offence-spoof-action = отброшено
offence-neighbour-action = отброшено

## Ошибки черновика
rules-fault-of-edit = Правка { $no }: { $fault }
rules-fault-no-segment = Сегмента { $id } нет: посмотрите обозначение в реестре.
rules-fault-retired-segment = { $segment }: сегмент снят с учёта; сначала верните его под наблюдение.
rules-fault-no-service = Службы { $id } нет: посмотрите обозначение в списке служб.
rules-fault-retired-service = Служба «{ $service }» выведена из употребления: сначала верните её.
rules-fault-service-exists = Служба с обозначением { $id } уже есть: измените её или выберите другое.
rules-fault-not-retired = Служба «{ $service }» и так в употреблении.
rules-fault-service-changed = Службу «{ $service }» тем временем изменили: откройте её заново и повторите правку.
rules-fault-no-number = Службу «{ $service }» добавить нельзя: все 28 номеров розданы, а номер остаётся за службой навсегда. Измените ту, что больше не нужна.
rules-fault-name-missing = У службы нет названия: дайте его хотя бы на одном языке.
rules-fault-name-unfit = Название длиннее 200 букв или содержит служебный знак: исправьте его.
rules-fault-too-much = У службы «{ $service }» больше 64 портов или адресов: разделите её на две.
rules-fault-no-rate = { $segment }: скорость не задана ни в одну сторону; укажите хотя бы одну или не ограничивайте.
rules-policy-overlap = Сети пересекаются: { $a } ({ $one }) и { $b } ({ $two }). Исправьте одну из них в реестре.
rules-policy-in-network = Сети пересекаются: { $a } ({ $segment }) и { $b } сети узла «{ $network }». Исправьте одну из них.
rules-policy-networks = Сети узла пересекаются: { $a } («{ $one }») и { $b } («{ $two }»). Исправьте hub.toml.
rules-policy-wide = { $prefix } ({ $segment }) охватывает полмира: укажите собственные сети сегмента, /8 или длиннее.
rules-policy-special = { $prefix } ({ $segment }): такой сети у сегмента быть не может; укажите его собственные сети.
rules-policy-bits = { $prefix } ({ $segment }): лишние биты за длиной; напишите { $right }.
rules-policy-number = Номер { $no } дан дважды: { $one } и { $two }. Номер даётся один раз.
rules-policy-number-large = { $segment }: номер { $no } больше 1073741823, пакеты нельзя им пометить; выведите сегмент из употребления.
rules-policy-many = У службы «{ $service }» номер { $no }, больше 28: выведите из употребления ненужную.
rules-policy-no-service = { $segment }: разрешена служба № { $no }, которой нет. Отзовите разрешение или верните службу.
rules-policy-port = Службы «{ $one }» и «{ $two }» обе отвечают на { $port } по адресу { $at }. Исправьте одну из них.
rules-policy-no-ports = У службы «{ $service }» нет портов: укажите хотя бы один.
rules-policy-no-addresses = У службы «{ $service }» нет адресов: укажите хотя бы один.
rules-policy-hub-address = Служба «{ $service }» работает на узле, а у неё указан адрес { $address }: уберите адреса.
rules-policy-stray = Адрес { $address } службы «{ $service }» не лежит ни в одной сети служб: исправьте его или опишите сеть в hub.toml.
rules-policy-in-segment = Адрес { $address } службы «{ $service }» принадлежит сети { $prefix } ({ $segment }). Исправьте что-то одно.
rules-policy-interface = Порт узла { $interface } ведёт и к сегменту { $segment }, и к сети узла «{ $network }». Исправьте что-то одно.
rules-policy-interface-shared = Порт узла { $interface } ведёт к двум сетям: «{ $one }» и «{ $two }». Исправьте hub.toml.
rules-policy-loopback = { $segment } указан на внутреннем порту узла, которым узел говорит сам с собой: укажите порт, который ведёт к сегменту.

## О чём подумать
rules-warn-own-dashboard = { $segment }: отсюда вы работаете, и отсюда пропадут эти страницы.
rules-warn-own-service = { $segment }: отсюда вы работаете, и отсюда пропадёт служба узла «{ $service }».
rules-warn-own-segment = { $segment }: отсюда вы работаете, и путь отсюда к узлу меняется.
rules-warn-own-network = Сеть «{ $network }», из которой вы работаете, меняется.
rules-warn-nobody = После этого доступа к этим страницам не будет ни у кого: оставьте сеть управления или откройте их какому-нибудь сегменту.
rules-warn-cut-off = { $count ->
    [one] Службу «{ $service }» потеряет { $count } сегмент: { $list }.
    [few] Службу «{ $service }» потеряют { $count } сегмента: { $list }.
   *[other] Службу «{ $service }» потеряют { $count } сегментов: { $list }.
}
rules-warn-gone = { $count ->
    [one] Всё потеряет { $count } сегмент, его нет в реестре: { $list }.
    [few] Всё потеряют { $count } сегмента, их нет в реестре: { $list }.
   *[other] Всё потеряют { $count } сегментов, их нет в реестре: { $list }.
}
rules-warn-retired-grants = { $segment }: сегмент снят с учёта, разрешения у него остались: { $services }.
rules-warn-no-contract = { $segment }: скорость ограничивается договором, но скоростей договора нет в реестре.

## Отказы
rules-error-empty = Черновик пуст: сначала сделайте правку.
rules-error-not-empty = { $count ->
    [one] В черновике уже есть { $count } правка: сначала примените его или выбросьте.
    [few] В черновике уже есть { $count } правки: сначала примените его или выбросьте.
   *[other] В черновике уже есть { $count } правок: сначала примените его или выбросьте.
}
rules-error-no-edit = Такой правки в черновике уже нет: посмотрите его ещё раз.
rules-error-nothing = Черновик ничего не меняет: права уже такие.
rules-error-waits = Изменение № { $no } ({ $who }) ждёт подтверждения до { $time }: дождитесь конца или попросите подтвердить его или взять назад.
rules-error-changed = Пока вы смотрели, права или реестр изменились. Посмотрите черновик ещё раз и примените.
rules-error-not-yours = Изменение № { $no } сделал другой администратор ({ $who }), и подтвердить может только он; взять назад можете и вы.
rules-error-not-waiting = Изменение № { $no } не ждёт подтверждения: посмотрите в истории, чем оно кончилось.
rules-error-within = Столько ждать подтверждения нельзя: выберите от 10 секунд до 30 минут.
rules-error-refused = Изменение № { $no } не вступило в силу: { $why }
rules-error-unsure = Изменение № { $no } передано, но ответ не пришёл. В силе ли оно, будет видно здесь, как только процесс наблюдения ответит.
rules-error-netd = Процесс наблюдения отказал: { $why }
rules-error-silent = Процесс наблюдения не отвечает. Посмотрите «Состояние узла» и попробуйте ещё раз.
rules-error-agree = Права, реестр и правила совпадают: пробовать нечего.
rules-error-cut-off = Изменение прервалось. Посмотрите, сделано ли оно, и если нет, повторите.

## Журнал
subject-rules = Правила
subject-interface = Порт узла
action-rules-apply = правила изменены
action-rules-confirm = изменение правил подтверждено
action-rules-revert = прежние правила вернулись
action-rules-refuse = изменение правил не вступило в силу
action-rules-drift = правила в ядре изменены мимо узла
action-rules-lost = правил в ядре не оказалось
action-rules-found = в ядре найдены неизвестные правила
action-offence-flood = поток сверх ограничений
action-offence-scan = перебор адресов и портов
action-offence-spoof = чужие адреса отправителя
action-offence-neighbour = обращения к соседним сегментам
