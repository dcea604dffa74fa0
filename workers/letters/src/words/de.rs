//! Deutsch.

use super::{NoticeWords, Opening, Words};
use crate::moment::{Clock, Writing};

pub(super) const WORDS: Words = Words {
    greeting: |voter| format!("Guten Tag {voter},"),
    invitation: Opening {
        subject: |election| format!("Ihr Stimmzettel: {election}"),
        introduction: "Sie sind zu einer Fotoabstimmung eingeladen.",
    },
    reminder: Opening {
        subject: |election| format!("Erinnerung: {election}"),
        introduction: "Wir erinnern Sie an eine Fotoabstimmung, die noch läuft.",
    },
    results: Opening {
        subject: |election| format!("Ergebnisse: {election}"),
        introduction: "Die Abstimmung ist beendet, und die Stimmzettel sind gezählt.",
    },
    vote: |election| {
        format!(
            "Öffnen Sie Ihren Stimmzettel für „{election}“, bewerten Sie die Fotos, und geben Sie den Stimmzettel dann \
             ab. Das ist Ihr Link:"
        )
    },
    vote_button: "Stimmzettel öffnen",
    see: |election| format!("Hier sehen Sie die Ergebnisse von „{election}“:"),
    see_button: "Ergebnisse ansehen",
    ends: |moment| format!("Die Abstimmung endet am {moment}."),
    moment: Writing { date, time, join: |date, time| format!("{date}, um {time}"), same: "das entspricht" },
    no_end: "Die Abstimmung läuft, bis die Wahlleitung sie beendet.",
    voted: "Wenn Sie Ihren Stimmzettel inzwischen abgegeben haben, brauchen Sie nichts mehr zu tun.",
    personal: "Der Link gehört nur Ihnen. Wer ihn hat, kann an Ihrer Stelle abstimmen. Bitte leiten Sie diese E-Mail \
               deshalb nicht weiter.",
    public: "Die Ergebnisse sind öffentlich. Diesen Link dürfen Sie gern weitergeben.",
    unexpected: "Wenn Sie diese E-Mail nicht erwartet haben, können Sie sie ignorieren.",
    replies: "Haben Sie Fragen? Antworten Sie auf diese E-Mail, dann erreichen Sie die Wahlleitung.",
    sent: "PhotoVote hat diese E-Mail im Auftrag der Wahlleitung verschickt.",
    notice: NoticeWords {
        greeting: "Guten Tag,",
        ahead_subject: |election| format!("{election} kann noch nicht öffnen"),
        missed_subject: |election| format!("{election} wurde nicht geöffnet"),
        ahead: |election, moment| {
            format!(
                "Die Öffnung von „{election}“ ist geplant für {moment}. So, wie es jetzt ist, findet sie nicht statt:"
            )
        },
        missed: |election, moment| {
            format!("Die Öffnung von „{election}“ war geplant für {moment}. Sie fand nicht statt:")
        },
        over: |election, moment| {
            format!(
                "Die Öffnung von „{election}“ war geplant für {moment}. Sie fand nicht statt, und inzwischen ist auch das \
                 Ende der Abstimmung vorbei. Bitte planen Sie andere Zeiten."
            )
        },
        no_competition: "Es gibt keinen Wettbewerb.",
        too_few_candidates: "Ein Wettbewerb hat weniger als zwei Fotos.",
        processing: |count| format!("Fotos, die noch verarbeitet werden: {count}."),
        no_voters: "Niemand ist zur Abstimmung registriert.",
        links_not_shown: |count| {
            format!(
                "Personen, deren Links Sie verteilen müssen und noch nicht gesehen haben: {count}. Ersetzen Sie diese Links."
            )
        },
        then: "Sobald nichts davon mehr im Weg steht, öffnet die Abstimmung von selbst: nicht vor der geplanten Zeit und \
               nicht nach ihrem Ende.",
        button: "Abstimmung ansehen",
    },
    placeholder: "[Hier steht der Link]",
};

const WEEKDAYS: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];
const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

fn date(clock: &Clock) -> String {
    format!("{}, {}. {} {}", clock.weekday(&WEEKDAYS), clock.day(), clock.month(&MONTHS), clock.year())
}

fn time(clock: &Clock) -> String {
    format!("{:02}:{:02} Uhr", clock.hour(), clock.minute())
}
