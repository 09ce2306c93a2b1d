/** What stands between messages and above the first: a new day, what is new, the beginning. */
import { h } from './dom.js';
import { avatar } from './avatar.js';
import { plainText } from './markdown.js';
import { personOf } from './message.js';
import { isThread } from './store.js';

/** The message a thread hangs from, when it is at hand. */
export function starterOf(channel, store) {
  if (!isThread(channel) || !channel.message_id) return null;
  return store.histories.get(channel.parent_id)?.list.find((message) => message.id === channel.message_id) ?? null;
}

/**
 * @param {import('./history.js').History} history
 * @param {object} channel
 * @param {object|null} starter see {@link starterOf}
 * @param {import('./message.js').Desk} desk
 * @param {import('./live.js').Live} live
 * @returns {HTMLLIElement}
 */
export function topNode(history, channel, starter, desk, live) {
  if (history.state === 'failed') {
    const again = () => live.open(channel.id);
    return h(
      'li.top',
      {},
      h('p', { role: 'alert', text: history.error }),
      h('button.button.button-secondary', { type: 'button', text: 'Try again', on: { click: again } }),
    );
  }
  if (!history.complete) return h('li.top', {}, h('p.faint', { text: 'Loading messages…' }));
  const [title, words] = beginningWords(channel, desk.store.channelName(channel));
  return h(
    'li.top',
    {},
    h('h2', { text: title }),
    h('p', { text: words }),
    starter && starterLine(starter, channel, desk),
  );
}

function beginningWords(channel, name) {
  if (isThread(channel)) return [name, 'The start of this thread.'];
  if (channel.type === 1) return [name, `The start of your conversation with ${name}.`];
  return [`Welcome to #${name}`, `The start of the #${name} channel.`];
}

function starterLine(starter, channel, desk) {
  const author = personOf(starter.author);
  const show = () => desk.actions.go({ channel: channel.parent_id, message: starter.id });
  return h(
    'button.starter',
    { type: 'button', title: 'Go to the message', on: { click: show } },
    avatar(author, 'small'),
    h('span.starter-words', {}, h('b', { text: author.name }), ' ', plainText(starter.content ?? '', desk.names)),
  );
}

/** The line before a day's first message, or before the first unread one. */
export function dividerNode(day, isNew) {
  const kind = isNew ? 'li.divider.divider-new' : 'li.divider';
  return h(kind, {}, h('span', { text: day }), isNew && h('b', { text: 'NEW' }));
}
