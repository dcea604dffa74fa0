// @ts-check
import { html, useRef, useState } from '../lib/html.js';
import { number, t } from '../lib/words.js';

/**
 * The one control for a rating: a row of keys. Arrow keys move over the grades and record nothing; Enter, Space and a click record.
 * @param {{name: string, scale: {min: number, max: number}, grade: number | undefined, onRate: (grade: number | null) => void,
 *   onPointed?: () => void}} props
 */
export function Rating({ name, scale, grade, onRate, onPointed }) {
  const group = useRef(/** @type {HTMLElement | null} */ (null));
  const grades = Array.from({ length: scale.max - scale.min + 1 }, (_, i) => scale.min + i);
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  const stop = at ?? grade ?? grades[0];

  const move = (/** @type {KeyboardEvent} */ event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const rtl = getComputedStyle(/** @type {HTMLElement} */ (group.current)).direction === 'rtl';
    const on = { ArrowDown: 1, ArrowUp: -1, ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1 }[event.key];
    const place = grades.indexOf(stop);
    const next =
      event.key === 'Home' ? 0 : event.key === 'End' ? grades.length - 1 : on === undefined ? -1 : (place + on + grades.length) % grades.length;
    if (next < 0) return;
    event.preventDefault();
    event.stopPropagation();
    setAt(grades[next]);
    /** @type {HTMLElement} */ (group.current?.children[next]).focus();
  };
  const left = (/** @type {FocusEvent} */ event) => {
    if (!group.current?.contains(/** @type {Node | null} */ (event.relatedTarget))) setAt(null);
  };
  const press = (/** @type {MouseEvent} */ event, /** @type {number} */ one) => {
    onRate(one);
    setAt(null);
    // A pointer has a place, a keyboard has none: `detail` counts clicks.
    if (event.detail > 0) onPointed?.();
  };
  return html`<div ref=${group} class="grades" role="radiogroup" aria-label=${t('rate.label', { name })} data-many=${grades.length > 10}
    onKeyDown=${move} onFocusOut=${left}>
    ${grades.map((one) => html`<button type="button" role="radio" aria-checked=${one === grade} tabindex=${one === stop ? 0 : -1}
      onClick=${(/** @type {MouseEvent} */ event) => press(event, one)}>${number(one)}</button>`)}
  </div>`;
}

/** Takes a rating back. It keeps its place when there is nothing to take back. @param {{name: string, grade: number | undefined, onRate: (grade: null) => void}} props */
export function Clear({ name, grade, onRate }) {
  return html`<button type="button" class="clear small" disabled=${grade === undefined} aria-label=${t('rate.clear_one', { name })}
    onClick=${() => onRate(null)}>${t('rate.clear')}</button>`;
}
