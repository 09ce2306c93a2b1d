/** Select menus on messages and in modals: one choice or several, with descriptions. */
import { h, icon } from './dom.js';
import { closePopover, isOpenFor, openPopover } from './popover.js';

/**
 * @typedef {object} Choice
 * @property {string} label
 * @property {string} value
 * @property {string} [description]
 * @property {string} [emoji]
 * @property {boolean} [default]
 *
 * @param {{choices: Array<Choice>, placeholder?: string, min?: number, max?: number,
 *   disabled?: boolean, label: string, key?: string, onChange: (values: Array<string>) => void}} options
 * @returns {HTMLElement}
 */
export function selectBox({
  choices,
  placeholder = 'Make a selection',
  min = 1,
  max = 1,
  disabled,
  label,
  key,
  onChange,
}) {
  let chosen = choices.filter((choice) => choice.default).map((choice) => choice.value);
  const words = h('span.select-words');
  const box = h(
    'button.select',
    {
      type: 'button',
      disabled,
      'aria-haspopup': 'listbox',
      'aria-label': label,
      data: { key: key ?? label },
      on: { click: toggle },
    },
    words,
    icon('down'),
  );
  showWords();
  return box;

  function showWords() {
    const labels = choices.filter((choice) => chosen.includes(choice.value)).map((choice) => choice.label);
    words.textContent = labels.join(', ') || placeholder;
    words.classList.toggle('empty', labels.length === 0);
  }

  function toggle() {
    if (isOpenFor(box)) closePopover();
    else openList();
  }

  function openList() {
    const before = chosen.join('\n');
    const list = h('div.select-list', {
      role: 'listbox',
      'aria-label': label,
      'aria-multiselectable': max > 1 ? 'true' : null,
    });
    list.append(...choices.map((choice) => renderChoice(choice, list)));
    list.addEventListener('keydown', walk);
    list.style.minWidth = `${box.offsetWidth}px`;
    openPopover(box, list, {
      onClose: () => {
        const complete = chosen.length >= min && chosen.length <= max;
        if (max > 1 && complete && chosen.join('\n') !== before) onChange(chosen);
      },
    });
    (list.querySelector('[aria-selected=true]') ?? list.firstElementChild)?.focus();
  }

  function renderChoice(choice, list) {
    const selected = chosen.includes(choice.value);
    const pick = () => (max > 1 ? flip(choice, list) : take(choice));
    return h(
      'button.select-choice',
      {
        type: 'button',
        role: 'option',
        'aria-selected': String(selected),
        data: { value: choice.value },
        on: { click: pick },
      },
      choice.emoji && h('span.select-emoji', { text: choice.emoji }),
      h(
        'span.select-label',
        {},
        h('span', { text: choice.label }),
        choice.description && h('small', { text: choice.description }),
      ),
      h('span.select-tick', { 'aria-hidden': 'true', text: '✓' }),
    );
  }

  function take(choice) {
    chosen = [choice.value];
    showWords();
    closePopover();
    onChange(chosen);
  }

  function flip(choice, list) {
    if (chosen.includes(choice.value)) chosen = chosen.filter((value) => value !== choice.value);
    else if (chosen.length < max) chosen = [...chosen, choice.value];
    for (const option of list.children)
      option.setAttribute('aria-selected', String(chosen.includes(option.dataset.value)));
    showWords();
  }
}

function walk(event) {
  const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
  if (!step) return;
  document.activeElement[step]?.focus();
  event.preventDefault();
}
