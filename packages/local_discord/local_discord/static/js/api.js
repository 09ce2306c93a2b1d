/** The person side of the local Discord: one function a route. All answer JSON or throw `ApiError`. */

/** A request that was refused; its message is a sentence to show. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

const FORBIDDEN = 403;
let token = tokenOf(document);

function tokenOf(page) {
  return page.querySelector('meta[name="page-token"]')?.content ?? '';
}

/** What the server gave this page, for requests that can carry no header of their own. */
export const pageToken = () => token;

/** After a restart the server has a new token: read it from the page, which other sites cannot. */
async function renewToken() {
  const page = await fetch('/').catch(() => null);
  if (!page?.ok) return false;
  const renewed = tokenOf(new DOMParser().parseFromString(await page.text(), 'text/html'));
  const changed = renewed !== '' && renewed !== token;
  if (changed) token = renewed;
  return changed;
}

async function ask(method, path, { query = {}, body } = {}) {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const search = new URLSearchParams(known).toString();
  const options = { method, headers: { Accept: 'application/json', 'X-Page-Token': token } };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const send = () => fetch(`/local/${path}${search ? `?${search}` : ''}`, options).catch(() => null);
  let response = await send();
  if (response?.status === FORBIDDEN && (await renewToken())) {
    options.headers['X-Page-Token'] = token;
    response = await send();
  }
  if (!response) throw new ApiError(0, 'The server cannot be reached. Is it still running?');
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, answer?.error ?? `The server answered ${response.status}.`);
  return answer;
}

/** Guild, channels, threads, people, and where the event stream stands. */
export const world = () => ask('GET', 'world');

/**
 * Messages of a channel, oldest first.
 * @param {string} channel
 * @param {{user: string, limit?: number, before?: string, after?: string}} query
 */
export const messages = (channel, query) => ask('GET', `channels/${channel}/messages`, { query });

/** What the slash picker and the Apps menu offer to this person in this channel. */
export const commands = async (user, channel) => (await ask('GET', 'commands', { query: { user, channel } })).commands;

/** Say something: `{user, channel, content, reply_to?, attachments?, nonce?}`. */
export const say = (body) => ask('POST', 'messages', { body });

/** Change one's own message: `{user, channel, message, content}`. */
export const edit = (body) => ask('PATCH', 'messages', { body });

/** Delete one's own message: `{user, channel, message}`. */
export const unsay = (body) => ask('DELETE', 'messages', { body });

/** Add or (`remove: true`) take back a reaction: `{user, channel, message, emoji}`. */
export const react = (body) => ask('POST', 'reactions', { body });

/** Tell the bot that this person is typing: `{user, channel}`. */
export const typing = (body) => ask('POST', 'typing', { body });

/** A command, a component, a modal or an autocomplete; answers once the bot has, or after 3 s. */
export const interact = (body) => ask('POST', 'interactions', { body });
