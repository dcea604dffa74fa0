//! Français. Une espace insécable, `\u{a0}`, précède les signes doubles.

use super::{Opening, Words};
use crate::moment::{Clock, Writing};

pub(super) const WORDS: Words = Words {
    greeting: |voter| format!("Bonjour {voter},"),
    invitation: Opening {
        subject: |election| format!("Votre bulletin\u{a0}: {election}"),
        introduction: "Nous vous invitons à participer à un vote sur des photos.",
    },
    reminder: Opening {
        subject: |election| format!("Rappel\u{a0}: {election}"),
        introduction: "Nous vous rappelons qu’un vote sur des photos est en cours.",
    },
    results: Opening {
        subject: |election| format!("Résultats\u{a0}: {election}"),
        introduction: "Le vote est terminé et les bulletins sont comptés.",
    },
    vote: |election| {
        format!(
            "Ouvrez votre bulletin pour «\u{a0}{election}\u{a0}», notez les photos, puis déposez le bulletin. Voici \
             votre lien\u{a0}:"
        )
    },
    vote_button: "Ouvrir mon bulletin",
    see: |election| format!("Voici les résultats de «\u{a0}{election}\u{a0}»\u{a0}:"),
    see_button: "Voir les résultats",
    ends: |moment| format!("Le vote se termine le {moment}."),
    moment: Writing { date, time, join: |date, time| format!("{date} à {time}"), same: "soit" },
    no_end: "Le vote continue jusqu’à ce que l’organisateur y mette fin.",
    voted: "Si vous avez déposé votre bulletin entre-temps, vous n’avez plus rien à faire.",
    personal: "Ce lien n’est qu’à vous. Toute personne qui l’a peut voter à votre place\u{a0}: merci de ne pas \
               transférer ce message.",
    public: "Les résultats sont publics. Vous pouvez partager ce lien.",
    unexpected: "Si vous n’attendiez pas ce message, vous pouvez l’ignorer.",
    replies: "Vous avez une question\u{a0}? Répondez à ce message pour joindre l’organisateur.",
    sent: "PhotoVote a envoyé ce message pour l’organisateur.",
    placeholder: "[Le lien sera ici]",
};

const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

fn date(clock: &Clock) -> String {
    let first = if clock.day() == 1 { "er" } else { "" };
    format!("{} {}{first} {} {}", clock.weekday(&WEEKDAYS), clock.day(), clock.month(&MONTHS), clock.year())
}

fn time(clock: &Clock) -> String {
    format!("{}\u{a0}h\u{a0}{:02}", clock.hour(), clock.minute())
}
