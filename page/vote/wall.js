// @ts-check
/** The photographs of a competition, each as large as its row allows, with its rating below it. */
import { html, steady, useEffect, useState } from '../lib/html.js';
import { Picture, altOf, sizeOf } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { Clear, Rating } from './rating.js';

/** How many photographs are drawn at first, and how many more in each step: none takes long. */
const [FIRST, NEXT] = [12, 24];

/**
 * @param {{election: import('./ballot.js').Election, competition: import('./ballot.js').Competition | undefined, first: boolean,
 *   ratings: Record<string, number>, onRate: (candidate: string, grade: number | null) => void, onOpen: (at: number) => void}} props
 */
export function Wall({ election, competition, first, ratings, onRate, onOpen }) {
  const [ready, setReady] = useState(FIRST);
  useEffect(() => setReady(FIRST), [competition?.id]);
  useEffect(() => {
    if (ready >= (competition?.candidates.length ?? 0)) return undefined;
    const timer = setTimeout(() => setReady(ready + NEXT), 30);
    return () => clearTimeout(timer);
  }, [ready, competition?.id]);
  if (!competition) return html`<p class="page">${t('vote.empty')}</p>`;
  const descriptions = [first && election.description, competition.description].filter(Boolean);
  // Where one size is unknown, all frames are alike: then nothing moves when a picture arrives.
  const even = competition.candidates.some(({ image }) => image && !sizeOf(image));
  return html`<h2 class="unseen" tabindex="-1">${competition.name}</h2>
    ${descriptions.length > 0 && html`<div class="about">${descriptions.map((text) => html`<p>${text}</p>`)}</div>`}
    <p class="about small quiet">${t('scale', { min: election.scale.min, max: election.scale.max })}</p>
    <ul class="wall" data-even=${even}>
      ${competition.candidates.slice(0, ready).map((candidate, at) => html`<${Entry} key=${candidate.id} candidate=${candidate} at=${at} even=${even}
        scale=${election.scale} grade=${ratings[candidate.id]} onOpen=${onOpen} onRate=${onRate} />`)}
    </ul>`;
}

/**
 * @param {{candidate: import('./ballot.js').Candidate, at: number, even: boolean, scale: {min: number, max: number}, grade: number | undefined,
 *   onOpen: (at: number) => void, onRate: (candidate: string, grade: number | null) => void}} props
 */
function DrawnEntry({ candidate, at, even, scale, grade, onOpen, onRate }) {
  const rate = (/** @type {number | null} */ grade) => onRate(candidate.id, grade);
  const size = even ? null : sizeOf(candidate.image);
  const ratio = size ? size.width / size.height : 1.5;
  return html`<li class="entry" style=${even ? {} : { '--ar': ratio.toFixed(4) }}>
    <button type="button" class="frame" aria-label=${t('enlarge', { name: altOf(candidate) })} onClick=${() => onOpen(at)}>
      <${Picture} image=${candidate.image} alt="" sizes=${`auto, (max-width: 34rem) 100vw, ${Math.ceil(20 * ratio)}rem`} urgent=${at === 0} /></button>
    <p class="title"><b title=${candidate.name}>${candidate.name}</b> <${Clear} name=${candidate.name} grade=${grade} onRate=${rate} /></p>
    ${candidate.image?.photograph && candidate.image.caption && html`<p class="small description">${candidate.image.caption}</p>`}
    ${candidate.description && html`<p class="small quiet description">${candidate.description}</p>`}
    <${Rating} name=${candidate.name} scale=${scale} grade=${grade} onRate=${rate} />
  </li>`;
}

/** One of hundreds: only the one that is rated is drawn again. */
const Entry = steady(DrawnEntry);
