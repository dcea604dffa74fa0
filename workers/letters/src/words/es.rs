//! Español.

use super::{NoticeWords, Opening, Words};
use crate::moment::{Clock, Writing};

pub(super) const WORDS: Words = Words {
    greeting: |voter| format!("Hola, {voter}:"),
    invitation: Opening {
        subject: |election| format!("Su papeleta: {election}"),
        introduction: "Le invitamos a participar en una votación de fotos.",
    },
    reminder: Opening {
        subject: |election| format!("Recordatorio: {election}"),
        introduction: "Le recordamos que hay una votación de fotos en curso.",
    },
    results: Opening {
        subject: |election| format!("Resultados: {election}"),
        introduction: "La votación ha terminado y las papeletas están contadas.",
    },
    vote: |election| {
        format!(
            "Abra su papeleta para «{election}», puntúe las fotos y después entregue la papeleta. Este es su enlace:"
        )
    },
    vote_button: "Abrir mi papeleta",
    see: |election| format!("Vea aquí los resultados de «{election}»:"),
    see_button: "Ver los resultados",
    ends: |moment| format!("La votación termina el {moment}."),
    moment: Writing { date, time, join: |date, time| format!("{date}, {time}"), same: "es decir," },
    no_end: "La votación sigue hasta que la cierre quien organiza.",
    voted: "Si ya ha entregado su papeleta, no tiene que hacer nada más.",
    personal: "El enlace es solo suyo. Quien lo tenga puede votar en su lugar; por favor, no reenvíe este mensaje.",
    public: "Los resultados son públicos. Puede compartir este enlace.",
    unexpected: "Si no esperaba este mensaje, puede ignorarlo.",
    replies: "¿Tiene alguna pregunta? Responda a este mensaje para escribir a quien organiza.",
    sent: "PhotoVote ha enviado este mensaje en nombre de quien organiza la votación.",
    notice: NoticeWords {
        greeting: "Hola:",
        ahead_subject: |election| format!("{election} aún no puede abrirse"),
        missed_subject: |election| format!("{election} no se ha abierto"),
        ahead: |election, moment| {
            format!("La apertura de «{election}» está prevista para el {moment}. Tal como está ahora, no se abrirá:")
        },
        missed: |election, moment| {
            format!("La apertura de «{election}» estaba prevista para el {moment}. No se ha abierto:")
        },
        over: |election, moment| {
            format!(
                "La apertura de «{election}» estaba prevista para el {moment}. No se ha abierto, y el final de la votación \
                 también ha pasado. Por favor, prevea otras fechas."
            )
        },
        no_competition: "No hay ningún concurso.",
        too_few_candidates: "Un concurso tiene menos de dos fotos.",
        processing: |count| format!("Fotos que aún se están procesando: {count}."),
        no_voters: "No hay nadie inscrito para votar.",
        links_not_shown: |count| {
            format!(
                "Personas cuyos enlaces tiene que repartir y aún no se han mostrado: {count}. Sustituya esos enlaces."
            )
        },
        then: "En cuanto no quede nada de esto, la votación se abre por sí sola: nunca antes de la hora prevista ni después \
               de su final.",
        button: "Ver la votación",
    },
    placeholder: "[Aquí va el enlace]",
};

const WEEKDAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

fn date(clock: &Clock) -> String {
    format!("{} {} de {} de {}", clock.weekday(&WEEKDAYS), clock.day(), clock.month(&MONTHS), clock.year())
}

/// At one o'clock the hour is singular.
fn time(clock: &Clock) -> String {
    let article = if clock.hour() == 1 { "a la" } else { "a las" };
    format!("{article} {}:{:02}", clock.hour(), clock.minute())
}
