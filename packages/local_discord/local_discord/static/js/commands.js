/** Slash commands without the page: finding them, reading what was typed, checking the values. */

const SLASH = 1;
export const OptionType = {
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  number: 10,
};

const TYPE_WORDS = {
  3: 'text',
  4: 'whole number',
  5: 'true or false',
  6: 'person',
  7: 'channel',
  8: 'role',
  9: 'person or role',
  10: 'number',
};

/** What kind of value an option takes, in words. */
export const typeWords = (option) => TYPE_WORDS[option.type] ?? 'value';

export const slashCommands = (commands) => commands.filter((command) => (command.type ?? SLASH) === SLASH);

/** Commands for what stands after the slash: names that begin with it, then names and texts that hold it. */
export function matching(commands, typed) {
  const wanted = typed.toLowerCase();
  const score = (command) => {
    if (command.name.startsWith(wanted)) return 0;
    if (command.name.includes(wanted)) return 1;
    return wanted.length > 1 && command.description?.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return slashCommands(commands)
    .map((command) => ({ command, at: score(command) }))
    .filter(({ at }) => at < 3)
    .sort((one, other) => one.at - other.at || firstWord(one.command).localeCompare(firstWord(other.command)))
    .map(({ command }) => command);
}

/** Commands of one group stay as the bot registered them: it has its harmless ones first. */
const firstWord = (command) => command.name.split(' ')[0];

/**
 * The command a line begins with, longest name first, and what follows it.
 * @returns {{command: object, rest: string, spaced: boolean}|null} `spaced` when a space came after
 */
export function parseLine(line, commands) {
  if (!line.startsWith('/')) return null;
  const text = line.slice(1);
  const candidates = slashCommands(commands).filter(
    (command) => text === command.name || text.startsWith(`${command.name} `),
  );
  const command = candidates.sort((one, other) => other.name.length - one.name.length)[0];
  if (!command) return null;
  const rest = text.slice(command.name.length);
  return { command, rest: rest.trim(), spaced: rest.length > 0 };
}

/** Whether a text that names no command was meant as one: "/poll nope", but not "/usr/bin". */
export const isCommandLike = (text) => /^\/[\p{L}\p{N}_-]+(?:\s|$)/u.test(text);

const MOST_NEAR = 5;

/** Commands nearly called what was typed, the nearest first: a few letters off, or the same first word. */
export function nearest(commands, typed) {
  const words = typed.toLowerCase().split(/\s+/);
  return slashCommands(commands)
    .map((command) => ({ command, off: difference(command.name.split(' '), words) }))
    .filter(({ off }) => off !== null)
    .sort((one, other) => one.off - other.off || one.command.name.localeCompare(other.command.name))
    .slice(0, MOST_NEAR)
    .map(({ command }) => command);
}

/** How far a command's name is from the words typed; null when it is another word altogether. */
function difference(name, words) {
  const first = editDistance(name[0], words[0]);
  const begun = words[0].length > 1 && name[0].startsWith(words[0]);
  if (!begun && first > Math.max(1, Math.floor(words[0].length / 3))) return null;
  return first + editDistance(name.slice(1).join(' '), words.slice(1, name.length).join(' ')) / 100;
}

/** How many letters have to be put in, left out or changed. */
function editDistance(one, other) {
  let row = [...Array(other.length + 1).keys()];
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const changed = row[to - 1] + Number(one[at - 1] !== other[to - 1]);
      next.push(Math.min(changed, row[to] + 1, next[to - 1] + 1));
    }
    row = next;
  }
  return row[other.length];
}

/**
 * Texts by option name from "2d6" (the first option) or "dice:2d6 times:3".
 * @returns {Map<string, string>}
 */
export function readOptions(command, rest) {
  const values = new Map();
  const options = command.options ?? [];
  if (!rest || !options.length) return values;
  const names = options.map((option) => option.name).sort((one, other) => other.length - one.length);
  const pattern = new RegExp(`(?:^|\\s)(${names.map(quoted).join('|')}):`, 'g');
  const marks = [...rest.matchAll(pattern)];
  const lead = rest.slice(0, marks[0]?.index ?? rest.length).trim();
  marks.forEach((mark, at) => {
    const end = marks[at + 1]?.index ?? rest.length;
    values.set(mark[1], rest.slice(mark.index + mark[0].length, end).trim());
  });
  const first = firstOption(command);
  if (lead && !values.has(first.name)) values.set(first.name, lead);
  return values;
}

const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');

/** Where typing begins: the first required option, else the first. */
export const firstOption = (command) =>
  (command.options ?? []).find((option) => option.required) ?? command.options?.[0] ?? null;

/**
 * A typed text as the value the bot gets.
 * @param {object} option
 * @param {string} text
 * @param {Array<{name: string, value: any}>} choices what it may be, when the option has a closed list
 * @returns {{value?: any, error?: string}}
 */
export function readValue(option, text, choices) {
  const picked =
    choices.find((choice) => choice.name === text) ??
    choices.find(
      (choice) => choice.name.toLowerCase().replace(/^[@#]/, '') === text.toLowerCase().replace(/^[@#]/, ''),
    );
  if (picked) return { value: picked.value };
  if (isClosed(option)) return { error: `${option.name}: choose one of the list` };
  if (option.type === OptionType.integer && !/^-?\d+$/.test(text))
    return { error: `${option.name}: a whole number, please` };
  if (option.type === OptionType.number && !Number.isFinite(Number(text)))
    return { error: `${option.name}: a number, please` };
  const numeric = option.type === OptionType.integer || option.type === OptionType.number;
  return { value: numeric ? Number(text) : text };
}

/** Whether only what is in the list can be sent. */
export function isClosed(option) {
  const { boolean, user, channel, role, mentionable } = OptionType;
  return Boolean(option.choices?.length) || [boolean, user, channel, role, mentionable].includes(option.type);
}

/** The closed list of an option: its choices, true and false, people, channels, roles. */
export function fixedChoices(option, store) {
  if (option.choices?.length) return option.choices;
  const users = () => [...store.users.values()].map((user) => ({ name: `@${user.name}`, value: user.id }));
  const roles = () => [...store.roles.values()].map((role) => ({ name: `@${role.name}`, value: role.id }));
  switch (option.type) {
    case OptionType.boolean:
      return [
        { name: 'True', value: true },
        { name: 'False', value: false },
      ];
    case OptionType.user:
      return users();
    case OptionType.role:
      return roles();
    case OptionType.mentionable:
      return [...users(), ...roles()];
    case OptionType.channel:
      return store.textChannels().map((channel) => ({ name: `#${channel.name}`, value: channel.id }));
    default:
      return [];
  }
}
