//! Exports of products.

use crate::opened::becomes;

const ADA: &str = "2 Ada Byron <ada@example.org>";

#[test]
fn address_books_are_read() {
    // Google Contacts, today and before.
    becomes(
        "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Last Name,Nickname,File As,Organization Name,Birthday,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Value\nAda,,Byron,,,Countess,,Club,,,* myContacts,* Home,ada@example.org,Work,work@example.org,123\n",
        &[ADA],
    );
    becomes(
        "Name,Given Name,Additional Name,Family Name,Yomi Name,E-mail 1 - Type,E-mail 1 - Value\nAda Byron,Ada,,Byron,,* Home,ada@example.org\n,,,,,Home,bob@example.org ::: b@example.org\n",
        &[ADA, "3 several_addresses"],
    );
    // Outlook, in English and German.
    becomes(
        "\"Title\",\"First Name\",\"Middle Name\",\"Last Name\",\"Suffix\",\"Company\",\"E-mail Address\",\"E-mail Type\",\"E-mail Display Name\",\"E-mail 2 Address\",\"Manager's Name\"\n\"\",\"Ada\",\"\",\"Byron\",\"\",\"\",\"ada@example.org\",\"SMTP\",\"Ada Byron (ada@example.org)\",\"x@example.org\",\"Boss\"\n",
        &[ADA],
    );
    becomes(
        "\"Anrede\",\"Vorname\",\"Weitere Vornamen\",\"Nachname\",\"Suffix\",\"Firma\",\"E-Mail-Adresse\",\"E-Mail-Typ\",\"E-Mail-Angezeigter Name\",\"E-Mail 2: Adresse\"\n\"\",\"Ada\",\"\",\"Byron\",\"\",\"\",\"ada@example.org\",\"SMTP\",\"Ada Byron (ada@example.org)\",\"\"\n",
        &[ADA],
    );
    // Thunderbird.
    becomes(
        "First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,Work Phone\nAda,Byron,Ada Byron,,ada@example.org,x@example.org,,\n",
        &[ADA],
    );
    becomes(
        "Vorname\tNachname\tAnzeigename\tSpitzname\tPrimäre E-Mail-Adresse\tSekundäre E-Mail-Adresse\nAda\tByron\tAda Byron\t\tada@example.org\tx@example.org\n",
        &[ADA],
    );
}

#[test]
fn mailing_lists_are_read() {
    // Mailchimp, Brevo in two languages.
    becomes(
        "\"Email Address\",\"First Name\",\"Last Name\",Address,\"Phone Number\",MEMBER_RATING,OPTIN_TIME,TAGS\nada@example.org,Ada,Byron,\"1 Street  London\",,2,\"2026-01-02 10:00:00\",\"\"\"VIP\"\",\"\"Club\"\"\"\n",
        &[ADA],
    );
    becomes("CONTACT ID;EMAIL;FIRSTNAME;LASTNAME;SMS;OPT_IN\n1;ada@example.org;Ada;Byron;;yes\n", &[ADA]);
    becomes("EMAIL,VORNAME,NACHNAME,DOUBLE_OPT-IN\nada@example.org,Ada,Byron,Yes\n", &[ADA]);
    // Mailman.
    becomes(
        "ada@example.org\nBob Smith <bob@example.org>\n\"Cy, Dr.\" <cy@example.org>\n",
        &["1 ada@example.org <ada@example.org>", "2 Bob Smith <bob@example.org>", "3 Cy, Dr. <cy@example.org>"],
    );
    // Google Groups.
    becomes(
        "Members for group photoclub,,,,\nEmail address,Nickname,Group status,Email status,Posting permissions\nada@example.org,Ada Byron,member,email,allowed\n",
        &["3 Ada Byron <ada@example.org>"],
    );
}

#[test]
fn forms_and_events_are_read() {
    becomes(
        "\"Timestamp\",\"Email Address\",\"Your name\",\"Which photographs?\"\n\"2026/11/01 10:00:00 AM GMT+1\",\"ada@example.org\",\"Ada Byron\",\"All\"\n",
        &[ADA],
    );
    becomes(
        "\"Zeitstempel\",\"Nutzername\",\"Wie heißt du?\"\n\"01.11.2026 10:00:00\",\"ada@example.org\",\"Ada Byron\"\n",
        &[ADA],
    );
    becomes(
        "Respondent ID,Collector ID,Start Date,IP Address,Email Address,First Name,Last Name,What is your vote?\n1,2,2026-01-01,192.0.2.1,ada@example.org,Ada,Byron,Yes\n",
        &[ADA],
    );
    becomes(
        "Order #,Order Date,First Name,Last Name,Email,Quantity,Ticket Type,Attendee #,Buyer Email\n1,2026-01-01,Ada,Byron,ada@example.org,1,Full,1,x@example.org\n",
        &[ADA],
    );
}

#[test]
fn programs_for_clubs_are_read() {
    becomes(
        "Anrede;Titel;Vorname;Nachname;Straße;PLZ;Ort;E-Mail;Mitgliedsnummer\nFrau;;Ada;Byron;Weg 1;12345;Berlin;ada@example.org;7\n",
        &[ADA],
    );
    becomes(
        "Mitgliedsnummer;Vorname;Familienname;E-Mail (privat);E-Mail (geschäftlich);Eintritt\n7;Ada;Byron;ada@example.org;x@example.org;01.01.2020\n",
        &[ADA],
    );
    becomes(
        "\"Internal Contact ID\",\"Contact Type\",\"Sort Name\",\"Display Name\",\"First Name\",\"Last Name\",\"Location-Email\",\"Email\"\n1,Individual,\"Byron, Ada\",\"Ada Byron\",Ada,Byron,Home,ada@example.org\n",
        &[ADA],
    );
}

#[test]
fn other_voting_systems_are_read() {
    becomes(
        "email,ada1,ada@example.org ,  Ada Byron \nemail,bob,bob@example.org,Bob Smith\n",
        &["1 Ada Byron <ada@example.org>", "2 Bob Smith <bob@example.org>"],
    );
    becomes(
        "\"tid\",\"firstname\",\"lastname\",\"email\",\"emailstatus\",\"token\",\"language\",\"validfrom\"\n\"1\",\"Ada\",\"Byron\",\"ada@example.org\",\"OK\",\"abc123\",\"de\",\"\"\n",
        &[ADA],
    );
    becomes("Label,Email,Phone,Weight\nAda Byron,ada@example.org,,1\n", &[ADA]);
    becomes("voter_id,name,email,organization\nv1,Ada Byron,ada@example.org,Photo Club\n", &[ADA]);
}
