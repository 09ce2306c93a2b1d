/** The messages of one channel as one person sees them, oldest first. */

/** Snowflakes are too big for numbers: the longer one, or the later in the alphabet, is newer. */
export const newer = (one, other) => (one.length === other.length ? one > other : one.length > other.length);

export class History {
  list = [];
  /** 'new' (nothing asked for), 'loading', 'ready' or 'failed'. */
  state = 'new';
  /** Whether the first message ever is in the list. */
  complete = false;
  #touched = new Set();

  /** Add a message, or put it in the place of its earlier self. */
  put(message) {
    this.#touched.add(message.id);
    const at = this.list.findIndex((other) => other.id === message.id);
    if (at !== -1) {
      this.list[at] = message;
      return;
    }
    let end = this.list.length;
    while (end > 0 && comesBefore(message, this.list[end - 1])) end -= 1;
    this.list.splice(end, 0, message);
  }

  remove(id) {
    this.#touched.add(id);
    this.list = this.list.filter((message) => message.id !== id);
  }

  /**
   * Merge a page that was asked for earlier: what events changed meanwhile is newer and stays.
   * @param {Array<object>} page
   * @param {boolean} complete whether nothing is older
   */
  merge(page, complete) {
    const newOnes = page.filter((message) => !this.#touched.has(message.id));
    for (const message of newOnes) this.put(message);
    this.#touched.clear();
    this.complete = complete;
    this.state = 'ready';
  }

  /** Events from here on count as newer than the page about to be asked for. */
  beginLoading() {
    this.#touched.clear();
    this.state = 'loading';
  }

  get newest() {
    return this.list.findLast((message) => !message.local)?.id;
  }

  get oldest() {
    return this.list.find((message) => !message.local)?.id;
  }
}

/** The page's own rows have no snowflake: they stand where their time puts them. */
function comesBefore(message, other) {
  if (message.local || other.local) return Date.parse(message.timestamp) < Date.parse(other.timestamp);
  return newer(other.id, message.id);
}
