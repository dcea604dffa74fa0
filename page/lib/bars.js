// @ts-check
import { html } from './html.js';
import { number, t } from './words.js';

/**
 * A histogram: how often each grade was given, drawn for the eye and told in words for a screen reader.
 * @param {{counts: Record<string, number>, label: string, numbers?: boolean}} props
 */
export function Bars({ counts, label, numbers = true }) {
  const grades = Object.keys(counts).map(Number).sort((a, b) => a - b);
  const most = Math.max(1, ...Object.values(counts));
  const modes = grades.filter((grade) => counts[grade] === most).length;
  const [wide, high] = [24, 48];
  const told = grades.map((grade) => t('bars.one', { grade, count: counts[grade] })).join(', ');
  return html`<svg class="histogram" role="img" aria-label=${`${label}: ${told}`} viewBox="0 0 ${grades.length * wide} ${high + (numbers ? 28 : 2)}"
    width=${grades.length * wide} height=${high + (numbers ? 28 : 2)}>
    ${grades.map((grade, i) => {
      const height = (high * counts[grade]) / most;
      const top = high + (numbers ? 13 : 1) - height;
      return html`<rect class=${counts[grade] === most && modes === 1 ? 'most' : ''} x=${i * wide + 3} y=${top} width=${wide - 6} height=${Math.max(height, 1)} />
        ${numbers && html`<text x=${i * wide + wide / 2} y=${high + 26}>${number(grade)}</text>
          ${counts[grade] > 0 && html`<text class="count" x=${i * wide + wide / 2} y=${top - 3}>${number(counts[grade])}</text>`}`}`;
    })}
  </svg>`;
}
