/** Reactions under a message: counts that flip one's own on a click, and a button to add another. */
import { h, icon } from './dom.js';
import { emojiText } from './components.js';
import { pickEmoji } from './emoji.js';

/** What the server wants to know a reaction by. */
export const emojiKey = (emoji) => (emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);

/** Whether this person is among those who reacted. */
export const reactedBy = (reaction, person) => reaction.users?.includes(person) ?? Boolean(reaction.me);

/**
 * @param {object} message
 * @param {import('./message.js').Desk} desk
 */
export function renderReactions(message, desk) {
  const reactions = (message.reactions ?? []).filter((reaction) => reaction.count > 0);
  if (!reactions.length) return null;
  const react = (emoji) => desk.actions.toggleReaction(message, emoji);
  const add = h(
    'button.reaction.reaction-add',
    {
      type: 'button',
      title: 'Add reaction',
      'aria-label': 'Add reaction',
      data: { key: `add-${message.id}` },
      on: { click: () => pickEmoji(add, react) },
    },
    icon('smile'),
  );
  return h(
    'div.reactions',
    {},
    reactions.map((reaction) => renderReaction(reaction, desk, react)),
    add,
  );
}

function renderReaction(reaction, desk, react) {
  const mine = reactedBy(reaction, desk.store.person);
  const shown = emojiText(reaction.emoji);
  const who = (reaction.users ?? []).map((id) => desk.store.users.get(id)?.name ?? 'someone').join(', ');
  return h(
    mine ? 'button.reaction.mine' : 'button.reaction',
    {
      type: 'button',
      'aria-pressed': String(mine),
      'aria-label': `${shown}, ${reaction.count}`,
      title: who ? `${who} reacted with ${shown}` : null,
      data: { key: `reaction-${shown}` },
      on: { click: () => react(emojiKey(reaction.emoji)) },
    },
    h('span.reaction-emoji', { text: shown }),
    h('span.reaction-count', { text: reaction.count }),
  );
}
