/** The left side: guild, channels with their threads, direct messages, who one is. */
import { fill, h, icon, keepFocus } from './dom.js';
import { avatar } from './avatar.js';
import { go } from './router.js';

export class Sidebar {
  /** @param {import('./store.js').Store} store @param {{onPick: () => void}} options */
  constructor(store, { onPick }) {
    this.store = store;
    this.onPick = onPick;
    this.places = h('div.places');
    this.people = h('div.people', { role: 'radiogroup', 'aria-label': 'Who you are' });
    this.people.addEventListener('keydown', (event) => this.#walkPeople(event));
    this.head = h('div.guild-head');
    this.element = h(
      'nav.sidebar',
      { id: 'sidebar', 'aria-label': 'Channels' },
      this.head,
      this.places,
      h('div.people-panel', {}, h('div.people-title', { text: 'You are' }), this.people),
    );
    for (const topic of ['world', 'unread', 'person', 'link']) store.on(topic, () => this.draw());
  }

  /** Mark where one is: the channel, and the thread beside it if any. */
  setPlace(channel, thread) {
    this.current = (thread ?? channel)?.id;
    this.draw();
  }

  draw() {
    const { store } = this;
    keepFocus(this.element, () => {
      fill(
        this.head,
        h('span.guild-mark', { 'aria-hidden': 'true' }),
        h('div.guild-words', {}, h('strong', { text: store.guild.name }), this.#status()),
      );
      fill(
        this.places,
        section(
          'Channels',
          store.textChannels().flatMap((channel) => this.#channelWithThreads(channel)),
        ),
        section(
          'Direct messages',
          store.directChannels().map((channel) => this.#place(channel, directFace(store))),
        ),
      );
      fill(
        this.people,
        store.people().map((user) => this.#person(user)),
      );
      return this.element;
    });
  }

  #status() {
    const { connected, bot } = this.store;
    if (!connected) return h('span.status.status-lost', { role: 'status', text: 'Reconnecting…' });
    const online = bot?.online;
    return h(online ? 'span.status.status-on' : 'span.status', {
      role: 'status',
      text: `${bot?.name ?? 'Bot'} is ${online ? 'online' : 'offline'}`,
    });
  }

  #channelWithThreads(channel) {
    const threads = this.store.threadsOf(channel.id);
    const nested = threads.length
      ? h(
          'ul.threads',
          {},
          threads.map((thread) => this.#place(thread, icon('thread'))),
        )
      : null;
    const row = this.#place(channel, icon('hash'));
    if (nested) row.append(nested);
    return row;
  }

  #place(channel, face) {
    const unread = this.store.unread.get(channel.id);
    const current = channel.id === this.current;
    const name = this.store.channelName(channel);
    const open = () => {
      go({ channel: channel.id });
      this.onPick();
    };
    const kinds = `button.place${current ? '.current' : ''}${unread ? '.unread' : ''}`;
    const words = unread ? `${name}, ${unread.messages} unread` : name;
    return h(
      'li',
      {},
      h(
        kinds,
        {
          type: 'button',
          title: name,
          'aria-label': words,
          'aria-current': current ? 'page' : null,
          data: { key: `place-${channel.id}`, channel: channel.id },
          on: { click: open },
        },
        face,
        h('span.place-name', { text: name }),
        unread && badge(unread),
      ),
    );
  }

  #person(user) {
    const { store } = this;
    const current = user.id === store.person;
    const choose = () => !current && store.setPerson(user.id);
    const role = user.listed
      ? h('span.listed', { title: 'On the allow-list: may ask for fixes and ship them' }, icon('shield'), 'may ship')
      : h('span.not-listed', { title: 'Not on the allow-list', text: 'not listed' });
    return h(
      current ? 'button.person.current' : 'button.person',
      {
        type: 'button',
        role: 'radio',
        'aria-checked': String(current),
        tabindex: current ? 0 : -1,
        data: { key: `person-${user.id}`, person: user.name },
        on: { click: choose },
      },
      avatar(user, 'small'),
      h('span.person-name', { text: user.name }),
      role,
    );
  }

  /** The arrows choose, as among radio buttons. */
  #walkPeople(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const people = this.store.people();
    const at = people.findIndex((user) => user.id === this.store.person);
    this.store.setPerson(people[(at + step + people.length) % people.length].id);
    this.people.querySelector('[aria-checked=true]')?.focus();
  }
}

const section = (title, rows) =>
  rows.length
    ? h('section', {}, h('h2.places-title', { text: title }), h('ul.place-list', { 'aria-label': title }, rows))
    : null;

const badge = (unread) =>
  unread.mentions ? h('span.badge', { text: unread.mentions }) : h('span.unread-dot', { 'aria-hidden': 'true' });

const directFace = (store) => avatar({ id: store.bot?.id ?? '0', name: store.bot?.name ?? '?', bot: true }, 'small');
