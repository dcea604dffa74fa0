//! Español.

use super::{Opening, Words};
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
