/** Modals the bot opens: a form in a dialog. */
import { h, iconButton } from './dom.js';
import { emojiText } from './components.js';
import { selectBox } from './select.js';

const PARAGRAPH = 2;
const TEXT_INPUT = 4;

/**
 * @param {{custom_id: string, title: string, fields: Array<object>}} modal
 * @param {(fields: Record<string, string|Array<string>>) => Promise<string|null>} submit sends the
 *   answers; resolves with a sentence when it failed
 */
export function openModal(modal, submit) {
  const answers = {};
  const wrong = h('p.modal-error', { role: 'alert' });
  const send = h('button.button.button-primary', { type: 'submit', text: 'Submit' });
  const close = () => dialog.close();
  const form = h(
    'form',
    { method: 'dialog' },
    h('header.modal-head', {}, h('h2', { text: modal.title }), iconButton('close', 'Close', close)),
    h(
      'div.modal-fields',
      {},
      modal.fields.map((field) => renderField(field, answers)),
      wrong,
    ),
    h(
      'footer.modal-foot',
      {},
      h('button.button.button-plain', { type: 'button', text: 'Cancel', on: { click: close } }),
      send,
    ),
  );
  const dialog = h('dialog.modal', { 'aria-label': modal.title }, form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    send.disabled = true;
    const failure = await submit({ ...answers });
    send.disabled = false;
    if (failure) wrong.textContent = failure;
    else close();
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector('input, textarea, .select')?.focus();
}

function renderField(field, answers) {
  const id = `field-${field.custom_id}`;
  const label = h(
    'label',
    { for: id },
    field.label ?? field.custom_id,
    field.required === false ? null : h('span.required', { 'aria-hidden': 'true', text: ' *' }),
  );
  const hint = field.description ? h('p.field-hint', { id: `${id}-hint`, text: field.description }) : null;
  const control =
    field.type === TEXT_INPUT || field.type === undefined ? textField(field, id, answers) : choiceField(field, answers);
  return h('div.field', {}, label, hint, control);
}

function textField(field, id, answers) {
  const most = field.max_length ?? 4000;
  const long = field.style === PARAGRAPH;
  const input = h(long ? 'textarea' : 'input', {
    id,
    name: field.custom_id,
    required: field.required !== false,
    placeholder: field.placeholder,
    minlength: field.min_length,
    maxlength: most,
    rows: long ? 5 : null,
    type: long ? null : 'text',
    autocomplete: 'off',
    'aria-describedby': field.description ? `${id}-hint` : null,
  });
  input.value = field.value ?? '';
  answers[field.custom_id] = input.value;
  const left = h('span.field-count', { 'aria-hidden': 'true' });
  const count = () => {
    answers[field.custom_id] = input.value;
    left.textContent = field.max_length ? `${input.value.length}/${most}` : '';
  };
  input.addEventListener('input', count);
  if (long) input.addEventListener('keydown', submitOnCtrlEnter);
  count();
  return h('div.field-box', {}, input, left);
}

function submitOnCtrlEnter(event) {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit();
}

function choiceField(field, answers) {
  const choices = (field.options ?? []).map((option) => ({ ...option, emoji: emojiText(option.emoji) }));
  answers[field.custom_id] = choices.filter((choice) => choice.default).map((choice) => choice.value);
  return selectBox({
    choices,
    label: field.label ?? field.custom_id,
    placeholder: field.placeholder,
    min: field.min_values ?? 1,
    max: field.max_values ?? 1,
    onChange: (values) => {
      answers[field.custom_id] = values;
    },
  });
}
