/** The live stream: reconnects by itself and asks for what it missed. */

import { pageToken } from './api.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

/** One person's stream of events. `onEvent(event)` gets the parsed data, `onState(connected)` the link. */
export class EventStream {
  #source = null;
  #timer = 0;
  #wait = FIRST_WAIT_MS;
  #last = null;

  /**
   * `types` are the events to listen to. `beforeRetry` is asked whether the server can be reached
   * again; it may open the stream itself.
   * @param {{types: string[], onEvent: (event: object) => void, onState: (connected: boolean) => void,
   *   beforeRetry: () => Promise<boolean>}} listeners
   */
  constructor({ types, onEvent, onState, beforeRetry }) {
    this.types = types;
    this.onEvent = onEvent;
    this.onState = onState;
    this.beforeRetry = beforeRetry;
  }

  /**
   * Listen as this person from the given event on; replaces an earlier stream.
   * @param {string} user
   * @param {number|string} lastEventId
   */
  open(user, lastEventId) {
    this.user = user;
    this.#last = String(lastEventId);
    this.#connect();
  }

  /** Where the stream stands now. */
  get lastEventId() {
    return this.#last;
  }

  #connect() {
    this.#source?.close();
    clearTimeout(this.#timer);
    const query = new URLSearchParams({ user: this.user, last_event_id: this.#last, page_token: pageToken() });
    const source = new EventSource(`/local/events?${query}`);
    this.#source = source;
    source.onopen = () => {
      this.#wait = FIRST_WAIT_MS;
      this.onState(true);
    };
    source.onerror = () => this.#retry(source);
    for (const name of this.types) source.addEventListener(name, (message) => this.#take(source, message));
  }

  /** The browser's own retry would repeat the first address and its old event id: we do it. */
  #retry(source) {
    if (source !== this.#source) return;
    source.close();
    this.onState(false);
    this.#timer = setTimeout(() => this.#tryAgain(source), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  async #tryAgain(source) {
    const reached = await this.beforeRetry();
    if (source !== this.#source) return;
    if (reached) this.#connect();
    else this.#retry(source);
  }

  #take(source, message) {
    if (source !== this.#source) return;
    if (message.lastEventId) this.#last = message.lastEventId;
    this.onEvent(JSON.parse(message.data));
  }
}
