/** What the picker offers while one writes: commands after "/", people after "@", emoji after ":". */
import { avatar } from './avatar.js';
import { matching, nearest } from './commands.js';
import { EMOJI } from './emoji.js';

const MOST_COMMANDS = 40;
const MOST_PEOPLE = 10;

/**
 * @param {Array<object>} commands
 * @param {string} typed what stands after the slash
 * @param {import('./store.js').Store} store
 * @param {(command: object) => void} onPick
 * @returns {{entries: Array<import('./picker.js').Entry>, title: string}}
 */
export function commandEntries(commands, typed, store, onPick) {
  const bot = botName(store);
  const found = matching(commands, typed).slice(0, MOST_COMMANDS);
  const entries = found.map((command) => commandEntry(command, store, onPick));
  const none = typed ? '' : noCommands(store);
  return { entries, title: entries.length ? `Commands of ${bot}` : none };
}

/**
 * What to say of a command nobody knows: that, and those that are nearly called so. Nothing is
 * chosen beforehand: Enter again must not run another command.
 * @param {Array<object>} commands
 * @param {string} line what was typed, with its slash
 * @param {import('./store.js').Store} store
 * @param {(command: object) => void} onPick
 * @returns {{entries: Array<import('./picker.js').Entry>, title: string, preselect: false}}
 */
export function unknownCommand(commands, line, store, onPick) {
  const entries = nearest(commands, line.slice(1)).map((command) => commandEntry(command, store, onPick));
  const missing = commands.length ? `There is no ${line.split(/\s/)[0]} here, and nothing was sent.` : noCommands(store);
  return { entries, title: entries.length ? `${missing} Did you mean:` : missing, preselect: false };
}

const botName = (store) => store.bot?.name ?? 'The bot';
const noCommands = (store) => `${botName(store)} has no commands here`;

const commandEntry = (command, store, onPick) => ({
  label: `/${command.name}`,
  detail: command.description,
  aside: optionNames(command),
  picture: avatar({ id: '0', name: botName(store), bot: true }, 'small'),
  run: () => onPick(command),
});

const optionNames = (command) =>
  (command.options ?? []).map((option) => (option.required ? option.name : `[${option.name}]`)).join(' ');

/**
 * @param {'@'|':'} sign
 * @param {string} typed what stands after it
 * @param {import('./store.js').Store} store
 * @param {(text: string) => void} onPick gets what takes the place of sign and word
 */
export function wordEntries(sign, typed, store, onPick) {
  const wanted = typed.toLowerCase();
  return sign === '@' ? people(wanted, store, onPick) : emoji(wanted, onPick);
}

function people(wanted, store, onPick) {
  const found = [...store.users.values()].filter(
    (user) => user.name.toLowerCase().startsWith(wanted) && user.id !== store.person,
  );
  found.sort((one, other) => Number(Boolean(other.bot)) - Number(Boolean(one.bot)));
  const entries = found.slice(0, MOST_PEOPLE).map((user) => ({
    label: user.name,
    aside: user.bot ? 'bot' : '',
    picture: avatar(user, 'small'),
    run: () => onPick(`@${user.name} `),
  }));
  return { entries, title: 'People' };
}

function emoji(wanted, onPick) {
  if (wanted.length < 2) return { entries: [], title: '' };
  const found = Object.entries(EMOJI).filter(([, name]) => name.includes(wanted));
  const entries = found.map(([sign, name]) => ({ label: `${sign}  :${name}:`, run: () => onPick(`${sign} `) }));
  return { entries, title: 'Emoji' };
}
