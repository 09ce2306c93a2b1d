/** Dates and times as people read them. All take milliseconds since 1970. */

const clock = new Intl.DateTimeFormat([], { timeStyle: 'short' });
const clockSeconds = new Intl.DateTimeFormat([], { timeStyle: 'medium' });
const shortDate = new Intl.DateTimeFormat([], { dateStyle: 'short' });
const longDate = new Intl.DateTimeFormat([], { dateStyle: 'long' });
const fullDate = new Intl.DateTimeFormat([], { dateStyle: 'full' });
const relative = new Intl.RelativeTimeFormat([], { numeric: 'auto' });

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Infinity],
];

const STYLES = {
  t: (at) => clock.format(at),
  T: (at) => clockSeconds.format(at),
  d: (at) => shortDate.format(at),
  D: (at) => longDate.format(at),
  f: (at) => `${longDate.format(at)} ${clock.format(at)}`,
  F: (at) => `${fullDate.format(at)} ${clock.format(at)}`,
  s: (at) => `${shortDate.format(at)}, ${clock.format(at)}`,
  S: (at) => `${shortDate.format(at)}, ${clockSeconds.format(at)}`,
  R: (at) => ago(at),
};

/** "in 5 minutes", "2 hours ago". */
export function ago(at, now = Date.now()) {
  let amount = (at - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(Math.round(amount)) < size) return relative.format(Math.round(amount), unit);
    amount /= size;
  }
  return '';
}

/** The text of Discord's `<t:...:style>`; `f` when the style is missing. */
export function timestampText(at, style) {
  return (STYLES[style] ?? STYLES.f)(at);
}

/** "14:02" */
export const clockTime = (at) => clock.format(at);

/** "Friday, 20 November 2026 14:02", for tool tips. */
export const fullTime = STYLES.F;

/** "20 November 2026", for the line between two days. */
export const dayName = (at) => longDate.format(at);

/** Whether two moments fall on the same day here. */
export const sameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();

/** What stands beside an author's name: "Today at 14:02", "Yesterday at 09:10", or the date. */
export function messageTime(at, now = Date.now()) {
  if (sameDay(at, now)) return `Today at ${clock.format(at)}`;
  if (sameDay(at, now - 86_400_000)) return `Yesterday at ${clock.format(at)}`;
  return `${shortDate.format(at)} ${clock.format(at)}`;
}

/** Keep every `<time data-relative>` on the page true to the second. */
export function keepRelativeTimesFresh(root = document) {
  return setInterval(() => {
    for (const node of root.querySelectorAll('time[data-relative]')) {
      const words = ago(Number(node.dataset.relative));
      if (node.textContent !== words) node.textContent = words;
    }
  }, 1_000);
}
