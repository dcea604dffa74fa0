// @ts-check
/** Writing a mailing: of which kind, to whom, in which words; what it looks like; a test; and its sending. */
import { html, useEffect, useState } from '../lib/html.js';
import { t } from '../lib/words.js';
import { Confirm, Field, Refusal, command, useCommand } from './work.js';

/** To whom a mailing of each kind can go; the usual one first. @type {Record<string, string[]>} */
const RECIPIENTS = { invitation: ['not_invited', 'bounced'], reminder: ['not_cast', 'all'], results: ['all'] };
/** How long a person pauses while typing, in milliseconds. */
const PAUSE = 400;

/**
 * @param {{election: import('./main.js').Election, kinds: string[], keeps: boolean, onSent: () => void}} props Without a kind, invitations
 *   are only looked at. `keeps` says that this server keeps its mails in an outbox.
 */
export function Compose({ election, kinds, keeps, onSent }) {
  const path = `/elections/${election.id}/mailings`;
  const idle = !kinds.length;
  const [form, setForm] = useState({ kind: kinds[0] ?? 'invitation', to: '', subject: '', text: '' });
  const [preview, setPreview] = useState(/** @type {{subject: string, text: string, recipients: number} | null} */ (null));
  const [asking, setAsking] = useState(false);
  const [sent, setSent] = useState(0);
  const [said, setSaid] = useState('');
  const { busy, problem, run } = useCommand();
  const recipients = RECIPIENTS[form.kind];
  const to = recipients.includes(form.to) ? form.to : recipients[0];
  const words = { ...(form.subject.trim() && { subject: form.subject.trim() }), ...(form.text.trim() && { text: form.text.trim() }) };
  useEffect(() => {
    let gone = false;
    const look = async () => {
      const answer = await run(() => command('POST', `${path}/preview`, { kind: form.kind, to, ...words }));
      if (!gone && answer.ok) setPreview(answer.body);
    };
    const timer = setTimeout(look, preview ? PAUSE : 0);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [form.kind, to, form.subject, form.text, election.version, sent]);
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => {
    setSaid('');
    setForm({ ...form, [name]: value });
  };
  const count = preview?.recipients ?? 0;
  const send = async () => {
    const answer = await command('POST', path, { kind: form.kind, to, ...words });
    if (answer.ok) {
      setAsking(false);
      setForm({ ...form, subject: '', text: '' });
      setSent(sent + 1);
      setSaid(t('mailings.going', { count }));
      onSent();
    }
    return answer;
  };
  const select = (/** @type {string} */ name, /** @type {string[]} */ values, /** @type {string} */ chosen, /** @type {string} */ words) => html`<p class="field"><label>${t(`mailings.${name}`)}
    <select name=${name} onChange=${(/** @type {any} */ event) => set(name)(event.target.value)}>${values.map((value) => html`<option value=${value} selected=${value === chosen}>${t(`${words}.${value}`)}</option>`)}</select></label></p>`;
  return html`<section class="card stack wide compose" aria-label=${t(idle ? 'mailings.look' : 'mailings.write')}><h2>${t(idle ? 'mailings.look' : 'mailings.write')}</h2>
    <div class="pair">
      <div class="stack wide">
        ${!idle && html`<form class="stack form" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); setAsking(true); }}>
          ${kinds.length > 1 && select('kind', kinds, form.kind, 'mail')}
          ${recipients.length > 1 && select('to', recipients, to, 'mailings.to')}
          <${Field} name="subject" label=${t('mailings.subject')} value=${form.subject} problem=${problem} maxlength="200" hint=${t('mailings.subject.hint')} onInput=${set('subject')} />
          <${Field} name="text" label=${t('mailings.text')} rows=${5} value=${form.text} problem=${problem} maxlength="4000" hint=${t('mailings.text.hint')} onInput=${set('text')} />
          <${Refusal} problem=${problem} fields=${['subject', 'text']} />
          <div class="buttons start"><button class="button next" disabled=${!preview || !count}>${t('mailings.send', { count })}</button>
            <span class="said" role="status">${said}</span>${preview && !count && html`<span class="small quiet">${t('mailings.nobody')}</span>`}</div>
          ${form.kind === 'reminder' && html`<p class="small quiet">${t(keeps ? 'mailings.secret.here' : 'mailings.secret')}</p>`}
        </form>`}
        <${Test} election=${election} path=${path} kind=${form.kind} words=${words} />
      </div>
      <article class="letter" aria-label=${t('preview')} aria-busy=${busy}>${preview ? html`<h3>${preview.subject}</h3><p>${preview.text.trim()}</p>` : html`<p>${t('loading')}</p>`}</article>
    </div>
    ${asking && html`<${Confirm} title=${t(`mailings.confirm.${form.kind}.${to}`, { count })} what=${t(form.kind === 'reminder' && !keeps ? 'mailings.secret' : 'mailings.final')} action=${t('mailings.send', { count })} next
      work=${send} onClose=${() => setAsking(false)}><p><b>${preview?.subject}</b></p><//>`}
  </section>`;
}

/** A mail to the administrator, whose link opens no ballot. @param {{election: import('./main.js').Election, path: string, kind: string, words: any}} props */
function Test({ election, path, kind, words }) {
  const { busy, problem, run } = useCommand();
  const [address, setAddress] = useState(election.contact ?? '');
  const [said, setSaid] = useState('');
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setSaid('');
    const answer = await run(() => command('POST', `${path}/test`, { address: address.trim(), kind, ...words }));
    if (answer.ok) setSaid(t('mailings.test.sent', { address: address.trim() }));
  };
  return html`<form class="stack form test" onSubmit=${send}>
    <${Field} name="address" label=${t('mailings.test')} type="email" required value=${address} problem=${problem} hint=${t('mailings.test.hint')} onInput=${(/** @type {string} */ value) => { setSaid(''); setAddress(value); }} />
    <div class="buttons start"><button class="button" disabled=${busy}>${t('mailings.test.send')}</button><span class="said" role="status">${said}</span></div>
    <${Refusal} problem=${problem} fields=${['address']} /></form>`;
}
