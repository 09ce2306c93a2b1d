/** One message as a row of the list. */
import { h, icon } from './dom.js';
import { avatar } from './avatar.js';
import { plainText, renderMarkdown } from './markdown.js';
import { renderAttachments } from './attachments.js';
import { renderComponents } from './components.js';
import { renderEmbed } from './embeds.js';
import { renderLayout } from './layout.js';
import { renderReactions } from './reactions.js';
import { Flag } from './store.js';
import { messageToolbar, openMessageMenu } from './toolbar.js';
import { clockTime, fullTime, messageTime } from './times.js';

/**
 * What rows need around them: the store, names for mentions, what people can do, this pane's own
 * abilities and what is kept when a row is drawn again.
 * @typedef {object} Desk
 * @property {import('./store.js').Store} store
 * @property {import('./markdown.js').Names} names
 * @property {import('./actions.js').Actions} actions
 * @property {Map<string, HTMLElement>} files drawn files by id and address
 * @property {(message: object) => void} reply
 * @property {(message: object) => void} edit
 * @property {() => boolean} editLast whether there was a message of one's own to edit
 * @property {{id: string, element: HTMLElement}|null} editor the message being edited
 * @property {(id: string) => void} jump
 * @property {() => void} toBottom
 * @property {() => void} beforeGrowth called before a row grows because a person unfolds it
 */

const GROUP_MS = 7 * 60_000;

const SYSTEM_LINES = {
  4: (message) => ` changed the name to ${message.content}`,
  6: () => ' pinned a message to this channel.',
  7: () => ' joined.',
  18: (message) => ` started a thread: ${message.content}`,
};

/** A shown user, from a message's author. */
export const personOf = (author) => ({
  id: author.id,
  name: author.global_name ?? author.username ?? '?',
  bot: author.bot,
});

/**
 * @param {object} message Discord's, or one of the page's own (`local`)
 * @param {Desk} desk
 * @param {{grouped: boolean, thread: object|null, notice: string|undefined,
 *   editor: HTMLElement|null}} around
 * @returns {HTMLLIElement}
 */
export function renderMessage(message, desk, around) {
  if (message.type === 21 && message.referenced_message) {
    return renderMessage({ ...message.referenced_message, id: message.id, components: [] }, desk, around);
  }
  if (message.type in SYSTEM_LINES) return systemRow(message, desk, around);
  const author = personOf(message.author);
  const at = Date.parse(message.timestamp);
  const row = h(`li.message${rowKinds(message, desk, around)}`, {
    data: { id: message.id, key: `row-${message.id}` },
    tabindex: -1,
    'aria-label': `${author.name}, ${messageTime(at)}`,
  });
  const context = contextLine(message, desk);
  if (context) row.append(context);
  const gutter = around.grouped
    ? h('time.gutter-time', { datetime: message.timestamp, title: fullTime(at), text: clockTime(at) })
    : avatar(author);
  row.append(h('div.gutter', {}, gutter));
  row.append(
    h(
      'div.message-body',
      {},
      around.grouped ? null : header(author, message, at),
      around.editor ?? content(message, desk),
      parts(message, desk, around),
    ),
  );
  if (!message.local) {
    row.append(messageToolbar(message, desk));
    row.addEventListener('contextmenu', (event) => openMessageMenu(event, message, desk));
  }
  return row;
}

function rowKinds(message, desk, around) {
  const mentioned = message.mentions?.some((user) => user.id === desk.store.person) || message.mention_everyone;
  return (
    (around.grouped ? '.grouped' : '') +
    (mentioned && message.author.id !== desk.store.person ? '.mentions-me' : '') +
    (message.flags & Flag.ephemeral ? '.ephemeral' : '') +
    (message.local ? '.local' : '')
  );
}

function header(author, message, at) {
  return h(
    'div.message-head',
    {},
    h(author.bot ? 'span.author.author-bot' : 'span.author', { data: { user: author.id }, text: author.name }),
    author.bot && h('span.bot-tag', { text: 'BOT' }),
    h('time.message-time', { datetime: message.timestamp, title: fullTime(at), text: messageTime(at) }),
  );
}

/** The line above: what this answers, or which command it came from. */
function contextLine(message, desk) {
  if (message.interaction_metadata?.name && message.type !== 19) return commandLine(message, desk);
  if (message.type !== 19) return null;
  const answered = message.referenced_message;
  if (!answered) return h('div.context-line.faint', {}, h('span', { text: 'The message this answers is gone.' }));
  const author = personOf(answered.author);
  const words = plainText(answered.content ?? '', desk.names) || fallbackWords(answered);
  return h(
    'button.context-line',
    { type: 'button', title: 'Go to the message', on: { click: () => desk.jump(answered.id) } },
    avatar(author, 'tiny'),
    h('span.context-author', { text: author.name }),
    h('span.context-words', { text: words }),
  );
}

function commandLine(message, desk) {
  const { user, name, type, command_type: kind } = message.interaction_metadata;
  if (type !== 2) return null;
  const person = user ? personOf(user) : { id: '0', name: 'Someone' };
  const label = kind && kind !== 1 ? name : `/${name}`;
  return h(
    'div.context-line',
    {},
    avatar(person, 'tiny'),
    h('span.context-author', { text: desk.store.users.get(person.id)?.name ?? person.name }),
    ' used ',
    h('span.context-command', { text: label }),
  );
}

function fallbackWords(message) {
  if (message.embeds?.length) return message.embeds[0].title ?? 'an embed';
  return message.attachments?.length ? 'an attachment' : 'a message';
}

function content(message, desk) {
  if (message.local) return localContent(message);
  if (message.flags & Flag.loading) {
    return h('div.thinking', {}, dots(), h('span', { text: `${personOf(message.author).name} is thinking…` }));
  }
  if (!message.content) return null;
  const text = renderMarkdown(message.content, desk.names);
  if (message.edited_timestamp)
    text.append(h('span.edited', { title: fullTime(Date.parse(message.edited_timestamp)), text: '(edited)' }));
  return text;
}

/** Three dots that breathe. */
export const dots = () => h('span.dots', { 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));

function localContent(message) {
  if (message.error) {
    return h(
      'div.local-failed',
      {},
      h('code.inline-code', { text: message.command }),
      h('div', { role: 'alert', text: message.error }),
    );
  }
  return h('div.thinking', {}, dots(), h('span', { text: `Sending ${message.command}` }));
}

function parts(message, desk, around) {
  const layout = message.flags & Flag.layout;
  return [
    layout ? renderLayout(message.components ?? [], message, desk) : null,
    renderAttachments(message, desk),
    (message.embeds ?? []).map((embed) => renderEmbed(embed, message, desk)),
    layout ? null : renderComponents(message.components ?? [], message, desk),
    editedAlone(message),
    renderReactions(message, desk),
    around.thread && threadCard(around.thread, desk),
    around.notice && h('div.notice', { role: 'alert', text: around.notice }),
    ephemeralNote(message, desk),
  ];
}

/** Messages without words say that they were edited below their cards. */
function editedAlone(message) {
  if (!message.edited_timestamp || message.content || message.flags & Flag.loading) return null;
  return h('span.edited', { title: fullTime(Date.parse(message.edited_timestamp)), text: '(edited)' });
}

function threadCard(thread, desk) {
  const count = thread.message_count ?? 0;
  const words = count === 1 ? '1 message' : `${count} messages`;
  const open = () => desk.actions.go({ channel: thread.id });
  return h(
    'button.thread-card',
    { type: 'button', data: { key: `thread-${thread.id}`, thread: thread.id }, on: { click: open } },
    icon('thread'),
    h('span.thread-name', { text: thread.name }),
    h('span.thread-count', { text: `${words} ›` }),
  );
}

function ephemeralNote(message, desk) {
  if (!(message.flags & Flag.ephemeral) && !message.error) return null;
  const dismiss = h('button.text-button', {
    type: 'button',
    text: 'Dismiss',
    on: { click: () => desk.store.dismiss(message) },
  });
  return h('div.ephemeral-note', {}, icon('eye'), 'Only you can see this · ', dismiss);
}

function systemRow(message, desk, around) {
  const author = personOf(message.author);
  const at = Date.parse(message.timestamp);
  const thread = message.type === 18 ? desk.store.channels.get(message.message_reference?.channel_id) : around.thread;
  return h(
    'li.message.system',
    { data: { id: message.id, key: `row-${message.id}` }, tabindex: -1 },
    h('div.gutter', {}, icon(message.type === 18 ? 'thread' : 'apps')),
    h(
      'div.message-body',
      {},
      h('span.author', { text: author.name }),
      SYSTEM_LINES[message.type](message),
      ' ',
      h('time.message-time', { datetime: message.timestamp, title: fullTime(at), text: messageTime(at) }),
      thread && threadCard(thread, desk),
    ),
  );
}

/** Whether a message continues the one before it under the same head. */
export function follows(message, before) {
  if (!before || message.local || before.local || message.type !== 0 || ![0, 19].includes(before.type)) return false;
  if (message.interaction_metadata?.name || message.author.id !== before.author.id) return false;
  if (personOf(message.author).name !== personOf(before.author).name) return false;
  if ((message.flags & Flag.ephemeral) !== (before.flags & Flag.ephemeral)) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP_MS;
}

/** A new message as it is read aloud. */
export const spoken = (message, names) =>
  `${personOf(message.author).name}: ${plainText(message.content ?? '', names).slice(0, 200)}`;
