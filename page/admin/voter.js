// @ts-check
/** Correcting a voter's name or address. */
import { html, useState } from '../lib/html.js';
import { Dialog } from '../lib/parts.js';
import { t } from '../lib/words.js';
import { Field, Refusal, command, useCommand } from './work.js';

/** @typedef {{id: string, name: string, email: string, version?: number}} Voter */

/**
 * Sends what has changed of a voter, if anything has.
 * @param {string} election @param {Voter} voter @param {{name?: string, email?: string}} form
 */
export function correct(election, voter, form) {
  const changes = Object.fromEntries(Object.entries(form).filter(([field, value]) => value.trim() !== /** @type {any} */ (voter)[field]));
  return Object.keys(changes).length ? command('PATCH', `/elections/${election}/voters/${voter.id}`, changes) : Promise.resolve({ ok: true, body: voter });
}

/** @param {{election: import('./main.js').Election, voter: Voter, onDone: (voter: Voter) => void, onClose: () => void}} props */
export function VoterForm({ election, voter, onDone, onClose }) {
  const { busy, problem, run } = useCommand();
  const [form, setForm] = useState({ name: voter.name, email: voter.email });
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const answer = await run(() => correct(election.id, voter, form));
    if (answer.ok) onDone({ ...voter, name: form.name.trim(), email: form.email.trim(), version: answer.body.version });
  };
  const mailed = election.links === 'invite' && election.status === 'open';
  return html`<${Dialog} title=${t('change.one', { name: voter.name })} onClose=${() => !busy && onClose()}><form class="stack form" onSubmit=${send}>
    <${Field} name="name" label=${t('field.voter')} value=${form.name} problem=${problem} required maxlength="200" onInput=${(/** @type {string} */ name) => setForm({ ...form, name })} />
    <${Field} name="email" label=${t('field.email')} type="email" value=${form.email} problem=${problem} required hint=${mailed ? t('voters.email.mailed') : null} onInput=${(/** @type {string} */ email) => setForm({ ...form, email })} />
    <${Refusal} problem=${problem} fields=${['name', 'email']} />
    <div class="buttons"><button type="button" class="button" disabled=${busy} onClick=${onClose}>${t('cancel')}</button><button class="button next" disabled=${busy}>${t('save')}</button></div>
  </form><//>`;
}
