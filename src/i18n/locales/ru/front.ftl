front-hub = Узел сети
front-at = По состоянию на { $moment }
front-title = Моё подключение
front-up = Ваше подключение работает
front-degraded = Ваше подключение работает с перебоями
front-down = Ваш маршрутизатор не отвечает узлу
front-maintenance = На вашем канале идут плановые работы
front-unknown = Состояние вашего канала сейчас неизвестно

front-you = Ваше рабочее место
front-address = Ваш адрес
front-address-right = верный
front-institution = Учреждение
front-segment = Сегмент
front-networks = Его адреса
front-channel = Канал
front-now = Сейчас
front-since = с { $moment }
front-delay = Задержка
front-loss = Потери за минуту
front-month = С начала месяца
front-available = доступен { $percent }% времени
front-today = Сегодня, весь сегмент
front-bytes = принято { $down }, отправлено { $up }
front-not-known = неизвестно
front-outages = Перерывы за месяц
front-no-outages = Их не было.
front-lasts = { $length }, продолжается
front-cause = Причина
front-cause-planned = плановые работы
front-cause-port = кабель или оборудование у узла
front-cause-router = молчал ваш маршрутизатор: нет питания или связи
front-cause-way = обрыв на стороне провайдера
front-cause-hub = настройки самого узла
front-cause-unknown = не выяснена
front-more-outages = { $count ->
    [one] За месяц { $count } перерыв, показаны последние.
    [few] За месяц { $count } перерыва, показаны последние.
   *[other] За месяц { $count } перерывов, показаны последние.
}

front-call = Куда звонить
front-call-nobody = Администратору вашего учреждения.
front-call-say = Назовите: сегмент { $segment }, адрес { $address }.
front-services = Что вам доступно
front-services-none = Вашему сегменту ничего не открыто.
front-service = Служба
front-where = Адрес и порт
front-service-state = Отвечает
front-out = Выход в интернет
front-out-text = В сетевых настройках браузера выберите ручную настройку прокси и укажите:
front-out-http = HTTP и HTTPS
front-out-socks = SOCKS 5
front-place = { $address }, порт { $port }
front-speed = Скорость вашего канала
front-speed-text = Десять секунд в каждую сторону; работа других идёт первой.
front-speed-open = Измерить
front-speed-down = К вам
front-speed-up = От вас
front-certificate = Вход по сертификату
front-certificate-text = Службы, которым важно, кто вы, открываются вашим сертификатом:

front-stranger-heading = Вы не подключены к закрытой сети
front-stranger-sub = Ваш адрес – { $address }; он не принадлежит ни одному рабочему месту сети.
front-stranger-do = Что делать
front-stranger-place = Откройте эту страницу на компьютере в вашем учреждении, подключённом к его сети кабелем. Из дома и через мобильный интернет в сеть не войти.
front-stranger-cable = На рабочем месте проверьте, вставлен ли сетевой кабель и горит ли огонёк у разъёма.
front-stranger-address = Пусть компьютер получает адрес сам (автоматически, DHCP). Отключите другие сети: Wi-Fi, телефон, VPN.
front-stranger-again = Перезагрузите компьютер и снова откройте эту страницу.
front-stranger-call = Если ничего не изменилось, звоните: { $duty }.
front-stranger-call-nobody = Если ничего не изменилось, звоните администратору вашего учреждения.
front-network = Что это за сеть
front-network-text = Закрытая сеть соединяет государственные учреждения с их почтой, документооборотом и другими службами отдельно от интернета. Войти в неё можно только с рабочих мест подключённых учреждений.
