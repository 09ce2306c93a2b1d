/** Files waiting to be sent with the next message. */
import { h, icon, iconButton } from './dom.js';
import { sizeOf } from './attachments.js';
import { toast } from './toast.js';

const MOST_BYTES = 8 * 1024 * 1024;
const MOST_FILES = 10;

export class FileTray {
  #files = [];

  constructor() {
    this.input = h('input', { type: 'file', multiple: true, hidden: true, 'aria-label': 'Attach files' });
    this.input.addEventListener('change', () => {
      this.#add([...this.input.files]);
      this.input.value = '';
    });
    this.chips = h('ul.file-chips', { 'aria-label': 'Files to send', hidden: true });
    this.element = h('div.file-tray', {}, this.input, this.chips);
  }

  get empty() {
    return this.#files.length === 0;
  }

  choose() {
    this.input.click();
  }

  /** Pictures and files from the clipboard. */
  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.#add(files);
  }

  /** The files as the server wants them; the tray is empty afterwards. */
  async take() {
    const files = this.#files;
    this.#files = [];
    this.#show();
    return Promise.all(files.map(async (file) => ({ filename: file.name, base64: await base64(file) })));
  }

  #add(files) {
    const small = files.filter((file) => file.size <= MOST_BYTES);
    if (small.length < files.length) toast('Files of up to 8 MB can be sent.');
    this.#files = [...this.#files, ...small].slice(0, MOST_FILES);
    this.#show();
  }

  #show() {
    this.chips.hidden = this.empty;
    this.chips.replaceChildren(
      ...this.#files.map((file) =>
        h(
          'li.file-chip',
          {},
          icon('file'),
          h('span.file-name', { text: file.name }),
          h('small', { text: sizeOf(file.size) }),
          iconButton('close', `Remove ${file.name}`, () => this.#remove(file)),
        ),
      ),
    );
  }

  #remove(file) {
    this.#files = this.#files.filter((other) => other !== file);
    this.#show();
  }
}

async function base64(file) {
  const reader = new FileReader();
  const read = new Promise((resolve, reject) => {
    reader.onload = resolve;
    reader.onerror = () => reject(reader.error);
  });
  reader.readAsDataURL(file);
  await read;
  return reader.result.slice(reader.result.indexOf(',') + 1);
}
