/** A slash command being filled in: a chip with its name and a box for each option. */
import { h } from './dom.js';
import { firstOption, fixedChoices, isClosed, readOptions, readValue, typeWords } from './commands.js';

const ASK_AFTER_MS = 120;

export class CommandForm {
  #fields = new Map();
  #asked = 0;
  #timer = 0;
  /** What the bot proposed, by option: their names are sent as their values. */
  #proposed = new Map();

  /**
   * @param {object} command
   * @param {{store: object, picker: import('./picker.js').Picker,
   *   complete: (option: string, value: string, options: object) => Promise<Array<object>>,
   *   onSubmit: (values: object, shown: string) => void, onLeave: () => void}} around
   */
  constructor(command, around) {
    this.command = command;
    this.around = around;
    this.more = h('span.option-more');
    this.element = h(
      'div.command-form',
      { role: 'group', 'aria-label': `/${command.name}` },
      h('span.command-chip', { text: `/${command.name}` }),
      this.more,
    );
    const first = firstOption(command);
    for (const option of command.options ?? []) {
      if (option.required || option === first) this.#addField(option);
    }
    this.#showMore();
    if (!first) this.#addAnchor();
  }

  /** Fill in from typed text, "2d6" or "dice:2d6"; then look at the first box still empty. */
  fill(rest) {
    for (const [name, text] of readOptions(this.command, rest)) {
      this.#field(name).value = text;
    }
    for (const input of this.#fields.values()) fit(input);
    this.focus();
  }

  focus() {
    const inputs = [...this.#fields.values()];
    const next = inputs.find((input) => !input.value) ?? inputs.at(-1) ?? this.anchor;
    next?.focus();
  }

  /** Send, or point at what is missing or wrong. */
  submit() {
    this.#spread();
    const values = {};
    const shown = [`/${this.command.name}`];
    for (const [name, input] of this.#fields) {
      const option = this.#option(name);
      const text = input.value.trim();
      if (!text && !option.required) continue;
      const read = text ? this.#read(option, text) : { error: `${name} is required` };
      if (read.error) return this.#refuse(input, read.error);
      values[name] = read.value;
      shown.push(`${name}:${text}`);
    }
    this.around.picker.hide();
    this.around.onSubmit(values, shown.join(' '));
    return undefined;
  }

  /** A line that is typed on as people write it down, "dice:2d6 times:3", stands in the first box. */
  #spread() {
    const input = this.#fields.get(firstOption(this.command)?.name);
    const typed = input?.value.trim() ?? '';
    if (!(this.command.options ?? []).some((option) => typed.startsWith(`${option.name}:`))) return;
    input.value = '';
    for (const [name, text] of readOptions(this.command, typed)) this.#field(name).value = text;
  }

  #read(option, text) {
    const choices = [...fixedChoices(option, this.around.store), ...(this.#proposed.get(option.name) ?? [])];
    return readValue(option, text, choices);
  }

  #refuse(input, words) {
    input.setAttribute('aria-invalid', 'true');
    input.focus();
    this.around.picker.show(input, [], { title: words });
  }

  #option(name) {
    return this.command.options.find((option) => option.name === name);
  }

  #field(name) {
    return this.#fields.get(name) ?? this.#addField(this.#option(name));
  }

  #addField(option) {
    const input = h('input.option-input', {
      type: 'text',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-label': option.name,
      'aria-required': option.required ? 'true' : null,
      placeholder: option.required ? '' : 'optional',
    });
    const box = h('label.option-box', {}, h('span.option-name', { text: option.name }), input);
    input.addEventListener('input', () => {
      input.removeAttribute('aria-invalid');
      fit(input);
      this.#suggest(option, input);
    });
    input.addEventListener('focus', () => this.#suggest(option, input));
    input.addEventListener('keydown', (event) => this.#key(event, option, input));
    fit(input);
    this.#fields.set(option.name, input);
    this.more.before(box);
    this.#showMore();
    return input;
  }

  /** A command without options still needs something to hold the focus. */
  #addAnchor() {
    this.anchor = h('input.option-input.anchor', {
      type: 'text',
      readonly: true,
      'aria-label': `Send /${this.command.name}`,
    });
    this.anchor.addEventListener('keydown', (event) => this.#key(event, null, this.anchor));
    this.anchor.addEventListener('focus', () =>
      this.around.picker.show(this.anchor, [], { title: `${this.command.description} · Enter to send` }),
    );
    this.more.before(this.anchor);
  }

  #key(event, option, input) {
    if (event.isComposing || this.around.picker.key(event)) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      this.submit();
    } else if (event.key === 'Escape' || (event.key === 'Backspace' && !input.value)) {
      event.preventDefault();
      this.#drop(option);
    }
  }

  /** An empty optional box goes away; from the last one the whole command does. */
  #drop(option) {
    const first = firstOption(this.command);
    if (!option || option.required || option === first) {
      this.around.onLeave();
      return;
    }
    this.#fields.get(option.name).closest('.option-box').remove();
    this.#fields.delete(option.name);
    this.#showMore();
    this.focus();
  }

  #showMore() {
    const hidden = (this.command.options ?? []).filter((option) => !this.#fields.has(option.name));
    this.more.replaceChildren(
      ...hidden.map((option) =>
        h('button.option-add', {
          type: 'button',
          title: option.description,
          text: `+ ${option.name}`,
          on: { click: () => this.#addField(option).focus() },
        }),
      ),
    );
  }

  #suggest(option, input) {
    const need = option.required ? 'required' : 'optional';
    const title = `${option.name} · ${option.description || typeWords(option)} (${need})`;
    const fixed = fixedChoices(option, this.around.store);
    clearTimeout(this.#timer);
    if (!option.autocomplete) {
      this.#offer(
        option,
        input,
        fixed.filter((choice) => holds(choice, input.value)),
        title,
      );
      return;
    }
    this.#offer(option, input, [], title);
    this.#timer = setTimeout(() => this.#ask(option, input, title), ASK_AFTER_MS);
  }

  async #ask(option, input, title) {
    this.#asked += 1;
    const asked = this.#asked;
    const options = Object.fromEntries(
      [...this.#fields].filter(([, other]) => other.value).map(([name, other]) => [name, other.value]),
    );
    const choices = await this.around.complete(option.name, input.value, options);
    if (asked !== this.#asked || document.activeElement !== input) return;
    this.#proposed.set(option.name, choices);
    this.#offer(option, input, choices, title);
  }

  #offer(option, input, choices, title) {
    const entries = choices.slice(0, 25).map((choice) => ({
      label: String(choice.name),
      run: () => this.#take(option, input, choice),
    }));
    const exact = choices.some((choice) => choice.name === input.value);
    const preselect = isClosed(option) && !exact && (input.value !== '' || option.required);
    this.around.picker.show(input, exact && entries.length === 1 ? [] : entries, { title, preselect });
  }

  #take(option, input, choice) {
    input.value = choice.name;
    fit(input);
    input.removeAttribute('aria-invalid');
    const empty = [...this.#fields.values()].find((other) => !other.value);
    if (empty) empty.focus();
    else this.#offer(option, input, [choice], 'Enter to send');
  }
}

const holds = (choice, typed) => choice.name.toLowerCase().includes(typed.toLowerCase());

/** A box as wide as what is in it. */
function fit(input) {
  input.style.width = `${Math.max(input.value.length, input.placeholder.length, 5) + 1}ch`;
}
