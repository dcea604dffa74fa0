//! Français. Une espace insécable, `\u{a0}`, précède les signes doubles.

use super::{NoticeWords, Opening, Words};
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
    notice: NoticeWords {
        greeting: "Bonjour,",
        ahead_subject: |election| format!("{election} n’est pas prêt à ouvrir"),
        missed_subject: |election| format!("{election} n’a pas ouvert"),
        ahead: |election, moment| {
            format!(
                "L’ouverture de «\u{a0}{election}\u{a0}» est prévue le {moment}. En l’état, elle n’aura pas lieu\u{a0}:"
            )
        },
        missed: |election, moment| {
            format!("L’ouverture de «\u{a0}{election}\u{a0}» était prévue le {moment}. Elle n’a pas eu lieu\u{a0}:")
        },
        over: |election, moment| {
            format!(
                "L’ouverture de «\u{a0}{election}\u{a0}» était prévue le {moment}. Elle n’a pas eu lieu, et la fin du vote \
                 est passée elle aussi. Veuillez prévoir d’autres dates."
            )
        },
        no_competition: "Il n’y a aucun concours.",
        too_few_candidates: "Un concours a moins de deux photos.",
        processing: |count| format!("Photos en cours de traitement\u{a0}: {count}."),
        no_voters: "Personne n’est inscrit au vote.",
        links_not_shown: |count| {
            format!(
                "Personnes dont vous devez remettre le lien, et dont le lien n’a pas encore été affiché\u{a0}: {count}. \
                 Remplacez ces liens."
            )
        },
        then: "Dès que rien de cela ne s’y oppose, le vote ouvre de lui-même\u{a0}: jamais avant l’heure prévue, ni après \
               sa fin.",
        button: "Voir le vote",
    },
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
