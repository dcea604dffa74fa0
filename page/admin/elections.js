// @ts-check
import { html, useState } from '../lib/html.js';
import { useTitle } from '../lib/parts.js';
import { LANGUAGES, language, t } from '../lib/words.js';
import { keepLink } from './links.js';
import { useOutbox } from './outbox.js';
import { Field, Refusal, command, newId, read, useCommand } from './work.js';

/** Scales that are offered; the API takes more. */
const SCALES = [[1, 5], [1, 10], [0, 10], [1, 3], [0, 5]];

/** The first page of an administrator: what to do, with a button for it. @param {{onMade: (id: string) => void}} props */
export function Empty({ onMade }) {
  const { busy, problem, run } = useCommand();
  const [done, setDone] = useState(0);
  useTitle(t('elections'));
  const make = async () => {
    const answer = await run(() => example(setDone));
    if (answer.ok) onMade(answer.body.id);
  };
  return html`<div class="page"><h1 tabindex="-1">${t('empty.title')}</h1><p>${t('empty.what')}</p>
    <section class="card stack"><h2>${t('example.title')}</h2><p>${t('example.what')}</p>
      <button type="button" class="button next" disabled=${busy} onClick=${make}>${t('example.make')}</button>
      ${busy && html`<progress aria-label=${t('example.make')} max=${EXAMPLE.length + 3} value=${done}></progress>`}
      <${Refusal} problem=${problem} /></section>
    <section class="card stack"><h2>${t('new.title')}</h2><p>${t('new.what')}</p><a class="button" href="#/new">${t('new')}</a></section>
  </div>`;
}

/** @type {[string, string, string][]} Competition, file with its size, and the key of its name. */
const EXAMPLE = [
  ['nature', 'moon.png#512x512', 'moon'], ['nature', 'chelsea.png#451x300', 'cat'], ['nature', 'grass.png#512x512', 'grass'],
  ['nature', 'hubble_deep_field.jpg#1000x872', 'stars'], ['nature', 'gravel.png#512x512', 'gravel'],
  ['people', 'astronaut.png#512x512', 'astronaut'], ['people', 'camera.png#512x512', 'camera'], ['people', 'coffee.png#600x400', 'coffee'],
  ['people', 'rocket.jpg#640x427', 'rocket'], ['people', 'brick.png#512x512', 'brick'],
];

/** An election that can be tried: sample pictures, one voter. @param {(steps: number) => void} step */
async function example(step) {
  const made = await command('POST', '/elections', { id: newId(), name: t('example.name'), description: t('example.description'), expected_voters: 10 });
  if (!made.ok) return made;
  const path = `/elections/${made.body.id}`;
  let steps = 1;
  step(steps);
  /** @type {Record<string, string>} */
  const competitions = {};
  let version = made.body.version;
  for (const [competition, file, name] of EXAMPLE) {
    if (!competitions[competition]) {
      const answer = await command('POST', `${path}/competitions`, { name: t(`example.${competition}`) });
      if (!answer.ok) return answer;
      competitions[competition] = answer.body.id;
    }
    const image = { url: `${location.origin}/photos/${file}`, caption: t(`example.${name}.caption`) };
    const answer = await command('POST', `${path}/competitions/${competitions[competition]}/candidates`, { name: t(`example.${name}`), image });
    if (!answer.ok) return answer;
    version = answer.body.version;
    step(++steps);
  }
  const voter = await command('POST', `${path}/voters`, { name: t('example.voter'), email: 'voter@example.org' });
  if (!voter.ok) return voter;
  keepLink(made.body.id, voter.body.id, t('example.voter'), voter.body.ballot_token);
  return read(`${path}?min_version=${version}`);
}

/** @param {{onMade: (id: string) => void, first: boolean, elections: any[]}} props */
export function NewElection({ onMade, first, elections }) {
  const { busy, problem, run } = useCommand();
  const [form, setForm] = useState({ name: '', description: '', scale: '1-5', expected: '100', links: 'invite', language, contact: '' });
  // Whether this service has said that it sends no mail.
  const [mute, setMute] = useState(false);
  useTitle(t('new'));
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const [min, max] = form.scale.split('-').map(Number);
    const body = {
      id: newId(), name: form.name, scale: { min, max }, links: form.links, language: form.language, ...(form.description && { description: form.description }),
      ...(form.links === 'invite' && form.contact.trim() && { contact: form.contact.trim() }), ...(form.expected && { expected_voters: Number(form.expected) }),
    };
    const answer = await run(async () => {
      const made = await command('POST', '/elections', body);
      return made.ok ? read(`/elections/${made.body.id}?min_version=${made.body.version}`) : made;
    });
    if (answer.ok) onMade(answer.body.id);
    else if (answer.code === 'no_mail') {
      setMute(true);
      setForm({ ...form, links: 'hand_out' });
    }
  };
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => setForm({ ...form, [name]: value });
  if (first) {
    return html`<div class="page"><h1 tabindex="-1">${t('elections')}</h1><ul class="rows card">
      ${elections.map(({ id, name, status }) => html`<li key=${id}><a class="grow" href="#/e/${id}"><b>${name}</b></a><span class="quiet">${t(`status.${status}`)}</span></li>`)}
    </ul><p><a class="button next" href="#/new">${t('new')}</a></p></div>`;
  }
  return html`<div class="page"><h1 tabindex="-1">${t('new')}</h1>
    <form class="stack form" onSubmit=${send}>
      <${Field} name="name" label=${t('field.name')} value=${form.name} problem=${problem} required onInput=${set('name')} />
      <${Field} name="description" label=${t('field.description')} rows=${3} value=${form.description} problem=${problem} hint=${t('field.description.hint')} onInput=${set('description')} />
      <${ScaleField} value=${form.scale} onInput=${set('scale')} />
      <${Field} name="expected_voters" label=${t('field.expected')} type="number" min="1" value=${form.expected} problem=${problem} hint=${t('field.expected.hint')} onInput=${set('expected')} />
      <${LinksField} value=${form.links} onInput=${set('links')} mute=${mute} />
      ${form.links === 'invite' && html`<${LanguageField} value=${form.language} onInput=${set('language')} /><${ContactField} value=${form.contact} problem=${problem} onInput=${set('contact')} />`}
      ${mute ? html`<p class="note" role="alert">${t('links.no_mail')}</p>` : html`<${Refusal} problem=${problem} fields=${['name', 'description', 'expected_voters', 'contact']} />`}
      <button class="button next" disabled=${busy}>${t('new.make')}</button>
    </form></div>`;
}

/** @param {{value: string, onInput: (value: string) => void}} props */
export function ScaleField({ value, onInput }) {
  const offered = SCALES.map(([min, max]) => `${min}-${max}`);
  if (!offered.includes(value)) offered.push(value);
  return html`<p class="field"><label>${t('field.scale')}<select onChange=${(/** @type {any} */ event) => onInput(event.target.value)}>
    ${offered.map((one) => html`<option value=${one} selected=${one === value}>${t('scale.range', { min: one.split('-')[0], max: one.split('-')[1] })}</option>`)}
  </select></label></p>`;
}

/**
 * Who hands out the voters' links. If the service sends no mail, an administrator does.
 * @param {{value: string, onInput: (value: string) => void, mute?: boolean, hint?: string}} props
 */
export function LinksField({ value, onInput, mute = false, hint }) {
  const keeps = useOutbox();
  return html`<fieldset class="field choices" disabled=${mute}><legend>${t('field.links')}</legend>
    ${['invite', 'hand_out'].map((one) => html`<label class="tick"><input type="radio" name="links" value=${one} checked=${one === value} onChange=${() => onInput(one)} />
      <span><b>${t(`links.${one}`)}</b><br /><span class="small quiet">${t(`links.${one}${one === 'invite' && keeps ? '.here' : '.what'}`)}</span></span></label>`)}
    ${hint && html`<span class="small quiet">${hint}</span>`}</fieldset>`;
}

/** In which language voters are written to. @param {{value: string, onInput: (value: string) => void}} props */
export const LanguageField = ({ value, onInput }) => html`<p class="field"><label>${t('field.language')}<select name="language" onChange=${(/** @type {any} */ event) => onInput(event.target.value)}>
  ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} lang=${code} selected=${code === value}>${name}</option>`)}</select></label></p>`;

/** Where voters' answers go. @param {{value: string, problem: any, onInput: (value: string) => void}} props */
export const ContactField = ({ value, problem, onInput }) => html`<${Field} name="contact" label=${t('field.contact')} type="email" value=${value} problem=${problem} hint=${t('field.contact.hint')} onInput=${onInput} />`;
