/** Where one writes: text, a slash command being filled in, a reply, files. */
import { h, iconButton } from './dom.js';
import { CommandForm } from './command-form.js';
import { isCommandLike, parseLine } from './commands.js';
import { pickEmoji, replaceShortcodes } from './emoji.js';
import { FileTray } from './file-tray.js';
import { personOf } from './message.js';
import { Picker } from './picker.js';
import { commandEntries, unknownCommand, wordEntries } from './suggest.js';

const TYPING_EVERY_MS = 8_000;
const MOST_CHARACTERS = 2_000;

export class Composer {
  #form = null;
  #replyTo = null;
  #typedAt = 0;
  /** The last thing this person did here, when that was a command. */
  #lastCommand = '';
  #commands = [];
  /** What was being written in the channels one left. */
  #drafts = new Map();

  /** @param {import('./message.js').Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.picker = new Picker();
    this.files = new FileTray();
    this.text = h('textarea.composer-text', { rows: 1, autocomplete: 'off' });
    this.replyBar = h('div.reply-bar', { hidden: true });
    this.slot = h('div.composer-slot', {}, this.text);
    this.left = h('span.characters-left', { hidden: true, 'aria-live': 'polite' });
    const attach = iconButton('plus', 'Attach files', () => this.files.choose());
    const smile = iconButton('smile', 'Insert emoji', () => pickEmoji(smile, (emoji) => this.insert(emoji)));
    const send = iconButton('send', 'Send', () => this.submit());
    send.classList.add('send');
    this.element = h(
      'form.composer',
      {},
      this.picker.element,
      this.replyBar,
      this.files.element,
      h('div.composer-box', {}, attach, this.slot, this.left, smile, send),
    );
    this.element.addEventListener('submit', (event) => event.preventDefault());
    this.text.addEventListener('input', () => this.#typed());
    this.text.addEventListener('keydown', (event) => this.#key(event));
    this.text.addEventListener('paste', (event) => this.files.paste(event));
    this.text.addEventListener('blur', () => this.picker.hide());
    desk.store.on('commands', () => this.channel && this.#loadCommands());
    desk.store.on('person', () => this.channel && this.#loadCommands());
  }

  /** Write to another channel. */
  show(channel, name) {
    if (this.channel) this.#drafts.set(this.channel.id, this.text.value);
    this.channel = channel;
    this.leaveCommand(this.#drafts.get(channel.id) ?? '');
    this.cancelReply();
    this.text.placeholder = `Message ${name}`;
    this.text.setAttribute('aria-label', `Message ${name}`);
    void this.#loadCommands();
  }

  async #loadCommands() {
    const channel = this.channel;
    const commands = await this.desk.actions.commands(channel.id);
    if (channel === this.channel) this.#commands = commands;
    if (document.activeElement === this.text) this.#suggest();
  }

  focus() {
    if (this.#form) this.#form.focus();
    else this.text.focus();
  }

  /** Answer a message. */
  reply(message) {
    this.#replyTo = message;
    const author = personOf(message.author);
    this.replyBar.replaceChildren(
      h('span', {}, 'Replying to ', h('b', { text: author.name })),
      iconButton('close', 'Cancel reply', () => this.cancelReply()),
    );
    this.replyBar.hidden = false;
    this.focus();
  }

  cancelReply() {
    this.#replyTo = null;
    this.replyBar.hidden = true;
  }

  /** Put text where the caret is. */
  insert(text) {
    if (this.#form) this.leaveCommand('');
    this.text.setRangeText(text, this.text.selectionStart, this.text.selectionEnd, 'end');
    this.text.focus();
    this.#typed();
  }

  /** Replace what is written, as if typed. */
  put(text) {
    this.leaveCommand(text);
    this.text.focus();
    this.#typed();
  }

  /** Send what is written; it comes back when it is refused. */
  async submit() {
    if (this.#form) return this.#form.submit();
    const content = replaceShortcodes(this.text.value.trim());
    if (content.startsWith('/') && (await this.#command(content))) return undefined;
    if ((!content && this.files.empty) || !this.channel) return undefined;
    const channel = this.channel.id;
    const files = this.files.take();
    const replyTo = this.#replyTo?.id;
    this.#lastCommand = '';
    this.#clear();
    this.desk.toBottom();
    const sent = await this.desk.actions.say(channel, content, { replyTo, files: await files });
    if (!sent && !this.text.value) this.#setText(content);
    return undefined;
  }

  /** Run what begins as a command does; one that is not there is said to be missing, never posted. */
  async #command(content) {
    const channel = this.channel;
    const commands = await this.desk.actions.commands(channel.id);
    if (channel !== this.channel) return true;
    const line = parseLine(content, commands);
    if (line) this.#enterCommand(line.command, line.rest).submit();
    else if (isCommandLike(content)) this.#sayUnknown(content, commands);
    else return false;
    return true;
  }

  #sayUnknown(content, commands) {
    const offer = unknownCommand(commands, content, this.desk.store, (command) => this.#enterCommand(command, ''));
    this.text.focus();
    this.picker.show(this.text, offer.entries, offer);
  }

  #clear() {
    this.cancelReply();
    this.#setText('');
    this.#typedAt = 0;
    this.picker.hide();
  }

  #setText(text) {
    this.text.value = text;
    this.#fit();
  }

  /** Grow with the text, up to a limit in the style sheet. */
  #fit() {
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight}px`;
    const left = MOST_CHARACTERS - this.text.value.length;
    this.left.hidden = left > 200;
    this.left.textContent = String(left);
    this.left.classList.toggle('too-many', left < 0);
    this.element.classList.toggle('has-text', this.text.value.trim() !== '');
  }

  #typed() {
    this.#fit();
    const line = parseLine(this.text.value, this.#commands);
    if (line?.spaced && !this.text.value.includes('\n')) {
      this.#enterCommand(line.command, line.rest);
      return;
    }
    this.#tellTyping();
    this.#suggest();
  }

  #tellTyping() {
    const worth = this.text.value && !this.text.value.startsWith('/');
    if (!worth || Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = Date.now();
    this.desk.actions.typing(this.channel.id);
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.#isWholeCommand(event)) {
      event.preventDefault();
      void this.submit();
    } else if (this.picker.key(event)) {
      return;
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void this.submit();
    } else if (event.key === 'Escape' && this.#replyTo) {
      event.preventDefault();
      this.cancelReply();
    } else if (event.key === 'ArrowUp' && !this.text.value && this.#again()) {
      event.preventDefault();
    }
  }

  /** The last command comes back, or one's last message is edited; false where there is neither. */
  #again() {
    if (!this.#lastCommand) return this.desk.editLast();
    this.put(this.#lastCommand);
    return true;
  }

  /** "/health" and Enter is enough where nothing more is needed. */
  #isWholeCommand(event) {
    if (event.key !== 'Enter' || event.shiftKey) return false;
    const line = parseLine(this.text.value.trim(), this.#commands);
    const same = line && !line.rest && this.picker.active?.label === `/${line.command.name}`;
    return Boolean(same) && !(line.command.options ?? []).some((option) => option.required);
  }

  #suggest() {
    const before = this.text.value.slice(0, this.text.selectionStart);
    if (before.startsWith('/') && !before.includes('\n') && before === this.text.value) {
      const offer = commandEntries(this.#commands, before.slice(1), this.desk.store, (command) =>
        this.#enterCommand(command, ''),
      );
      this.picker.show(this.text, offer.entries, offer);
      return;
    }
    const word = /(?:^|\s)([@:])([\p{L}\p{N}_-]*)$/u.exec(before);
    const offer =
      word && wordEntries(word[1], word[2], this.desk.store, (text) => this.#complete(word[2].length + 1, text));
    if (offer?.entries.length) this.picker.show(this.text, offer.entries, offer);
    else this.picker.hide();
  }

  #complete(length, text) {
    const end = this.text.selectionStart;
    this.text.setRangeText(text, end - length, end, 'end');
    this.picker.hide();
    this.#fit();
  }

  #enterCommand(command, rest) {
    const { desk, picker, channel } = this;
    this.#setText('');
    this.#form = new CommandForm(command, {
      store: desk.store,
      picker,
      complete: (option, value, options) => desk.actions.complete(channel.id, command.name, option, value, options),
      onSubmit: (values, shown) => this.#run(command, values, shown),
      onLeave: () => {
        this.leaveCommand('');
        this.text.focus();
      },
    });
    this.slot.replaceChildren(this.#form.element);
    this.element.classList.add('has-text');
    this.#form.fill(rest);
    return this.#form;
  }

  #run(command, values, shown) {
    this.#lastCommand = shown;
    this.leaveCommand('');
    this.text.focus();
    this.desk.toBottom();
    void this.desk.actions.run(this.channel.id, command.name, values, shown);
  }

  /** Back from a command to text. */
  leaveCommand(text) {
    this.#form = null;
    this.slot.replaceChildren(this.text);
    this.picker.hide();
    this.#setText(text);
  }
}
