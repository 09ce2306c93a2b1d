/** Buttons and selects on a message, and rows of them. Layout (Components V2) is in layout.js. */
import { h, icon, safeUrl } from './dom.js';
import { selectBox } from './select.js';

const STYLES = { 1: 'primary', 2: 'secondary', 3: 'success', 4: 'danger', 5: 'link', 6: 'premium' };
const ROW = 1;
const BUTTON = 2;
const SELECTS = { 3: 'string', 5: 'user', 6: 'role', 7: 'mentionable', 8: 'channel' };

/**
 * Rows of buttons and selects.
 * @param {Array<object>} components Discord's
 * @param {object} message the message they hang on
 * @param {import('./message.js').Desk} desk
 */
export function renderComponents(components, message, desk) {
  const rows = components.filter((component) => component.type === ROW);
  if (!rows.length) return null;
  return h(
    'div.components',
    {},
    rows.map((row) => renderRow(row, message, desk)),
  );
}

/** One row. */
export function renderRow(row, message, desk) {
  return h(
    'div.component-row',
    {},
    (row.components ?? []).map((child) => renderControl(child, message, desk)),
  );
}

/** One button or select; null for what this page does not know. */
export function renderControl(component, message, desk) {
  if (component.type === BUTTON) return renderButton(component, message, desk);
  if (component.type in SELECTS) return renderSelect(component, message, desk);
  return null;
}

/** The character of Discord's emoji object; a custom one is shown by its name. */
export function emojiText(emoji) {
  if (!emoji?.name) return null;
  return emoji.id ? `:${emoji.name}:` : emoji.name;
}

function renderButton(component, message, desk) {
  const inside = [
    component.emoji && h('span.button-emoji', { text: emojiText(component.emoji) }),
    component.label && h('span', { text: component.label }),
  ];
  const kind = `button-${STYLES[component.style] ?? 'secondary'}`;
  if (component.style === 5) return linkButton(component, kind, inside, desk);
  const key = component.custom_id;
  const label = component.label ? null : emojiText(component.emoji);
  const button = h(
    `button.button.${kind}`,
    { type: 'button', disabled: component.disabled, 'aria-label': label, data: { key } },
    inside,
  );
  button.addEventListener('click', () => press(button, () => desk.actions.press(message, key)));
  return button;
}

function linkButton(component, kind, inside, desk) {
  const here = desk.actions.placeOf(component.url);
  if (here) {
    return h(`button.button.${kind}`, { type: 'button', on: { click: () => desk.actions.go(here) } }, inside);
  }
  const href = component.disabled ? null : safeUrl(component.url);
  if (!href) return h(`button.button.${kind}`, { type: 'button', disabled: true }, inside);
  return h(`a.button.${kind}`, { href, target: '_blank', rel: 'noopener noreferrer' }, inside, icon('out'));
}

/** Three dots on the button until the bot has answered; no second press meanwhile. */
async function press(control, send) {
  if (control.classList.contains('busy')) return;
  control.classList.add('busy');
  control.setAttribute('aria-busy', 'true');
  try {
    await send();
  } finally {
    control.classList.remove('busy');
    control.removeAttribute('aria-busy');
  }
}

function renderSelect(component, message, desk) {
  const box = selectBox({
    choices: choicesOf(component, desk.store),
    placeholder: component.placeholder,
    min: component.min_values ?? 1,
    max: component.max_values ?? 1,
    disabled: component.disabled,
    label: component.placeholder ?? 'Make a selection',
    key: component.custom_id,
    onChange: (values) => press(box, () => desk.actions.press(message, component.custom_id, values)),
  });
  return box;
}

function choicesOf(component, store) {
  const kind = SELECTS[component.type];
  if (kind === 'string') {
    return (component.options ?? []).map((option) => ({ ...option, emoji: emojiText(option.emoji) }));
  }
  const users = [...store.users.values()].map((user) => ({ label: user.name, value: user.id }));
  const roles = [...store.roles.values()].map((role) => ({ label: `@${role.name}`, value: role.id }));
  if (kind === 'user') return users;
  if (kind === 'role') return roles;
  if (kind === 'mentionable') return [...users, ...roles];
  return store.textChannels().map((channel) => ({ label: `#${channel.name}`, value: channel.id }));
}
