//! Headers of many languages, and lists without one.

use crate::opened::becomes;

const BOTH: [&str; 2] = ["2 Ada Byron <ada@example.org>", "3 Bob Smith <bob@example.org>"];

#[test]
fn whole_names_are_found_in_many_languages() {
    for (name, email) in [
        ("name", "email"),
        ("Full Name", "E-Mail Address"),
        ("full_name", "e_mail"),
        ("NAME", "EMAIL"),
        ("Name", "Mailadresse"),
        ("Nom", "Courriel"),
        ("Nombre", "Correo electrónico"),
        ("Nombre y apellidos", "Correo"),
        ("Nome completo", "E-mail"),
        ("Nome", "Endereço de e-mail"),
        ("Nominativo", "Indirizzo e-mail"),
        ("Naam", "E-mailadres"),
        ("Namn", "E-postadress"),
        ("Navn", "E-post"),
        ("Nafn", "Netfang"),
        ("Nimi", "Sähköpostiosoite"),
        ("Täisnimi", "E-posti aadress"),
        ("Vārds, uzvārds", "E-pasts"),
        ("Vardas, pavardė", "El. paštas"),
        ("Imię i nazwisko", "Adres e-mail"),
        ("Jméno a příjmení", "E-mailová adresa"),
        ("Meno a priezvisko", "E-mail"),
        ("Név", "E-mail cím"),
        ("Nume complet", "Adresă de email"),
        ("Ime in priimek", "E-pošta"),
        ("Ime i prezime", "E-mail adresa"),
        ("Ad Soyad", "E-posta"),
        ("ФИО", "Электронная почта"),
        ("Ім'я та прізвище", "Електронна пошта"),
        ("Име и фамилия", "Имейл"),
        ("Ονοματεπώνυμο", "Ηλεκτρονικό ταχυδρομείο"),
        ("氏名", "メールアドレス"),
        ("姓名", "电子邮箱"),
        ("이름", "이메일"),
        ("الاسم", "البريد الإلكتروني"),
        ("نام و نام خانوادگی", "ایمیل"),
        ("שם מלא", "דוא\"ל"),
        ("नाम", "ईमेल"),
        ("ชื่อ-นามสกุล", "อีเมล"),
        ("Họ và tên", "Email"),
        ("Nama lengkap", "Alamat email"),
        ("Name", "E-Mail (@)"),
        ("Xyz", "Abc"),
    ] {
        let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
        let (name, email) = (quoted(name), quoted(email));
        becomes(format!("{name},{email}\nAda Byron,ada@example.org\nBob Smith,bob@example.org\n"), &BOTH);
        becomes(format!("Nr;{email};{name}\n1;ada@example.org;Ada Byron\n2;bob@example.org;Bob Smith\n"), &BOTH);
    }
}

#[test]
fn first_and_last_names_are_joined() {
    for (first, last) in [
        ("First Name", "Last Name"),
        ("firstname", "lastname"),
        ("Given name", "Surname"),
        ("Vorname", "Nachname"),
        ("Vorname", "Name"),
        ("Vorname", "Familienname"),
        ("Prénom", "Nom"),
        ("Prénom", "Nom de famille"),
        ("Nombre", "Apellidos"),
        ("Nome", "Cognome"),
        ("Nome", "Sobrenome"),
        ("Nome próprio", "Apelido"),
        ("Voornaam", "Achternaam"),
        ("Voornaam", "Naam"),
        ("Förnamn", "Efternamn"),
        ("Fornavn", "Etternavn"),
        ("Etunimi", "Sukunimi"),
        ("Imię", "Nazwisko"),
        ("Jméno", "Příjmení"),
        ("Meno", "Priezvisko"),
        ("Keresztnév", "Vezetéknév"),
        ("Prenume", "Nume"),
        ("Ime", "Priimek"),
        ("Ime", "Prezime"),
        ("Ad", "Soyad"),
        ("Adı", "Soyadı"),
        ("Имя", "Фамилия"),
        ("Ім'я", "Прізвище"),
        ("Όνομα", "Επώνυμο"),
        ("名", "姓"),
        ("이름", "성"),
        ("الاسم الأول", "اسم العائلة"),
        ("שם פרטי", "שם משפחה"),
        ("Attendee first name", "Attendee last name"),
    ] {
        becomes(format!("{first};{last};E-Mail\nAda;Byron;ada@example.org\nBob;Smith;bob@example.org\n"), &BOTH);
        becomes(format!("E-Mail;{last};{first}\nada@example.org;Byron;Ada\nbob@example.org;Smith;Bob\n"), &BOTH);
    }
    becomes("姓,名,メール\n山田,太郎,taro@example.org\n", &["2 山田太郎 <taro@example.org>"]);
    becomes(
        "Vorname,Nachname,E-Mail\nAda,,ada@example.org\n,Smith,bob@example.org\n,,cy@example.org\n",
        &["2 Ada <ada@example.org>", "3 Smith <bob@example.org>", "4 cy@example.org <cy@example.org>"],
    );
}

#[test]
fn whole_names_come_before_parts() {
    becomes("Name,First name,Email\nAda Byron,Ada,ada@example.org\nBob Smith,Bob,bob@example.org\n", &BOTH);
    becomes(
        "Display Name,First Name,Last Name,E-mail\nAda Byron,A,B,ada@example.org\n,Bob,Smith,bob@example.org\n",
        &BOTH,
    );
    becomes("Company,Name,Email\nPhoto Club,Ada Byron,ada@example.org\nPhoto Club,Bob Smith,bob@example.org\n", &BOTH);
}

#[test]
fn lists_without_a_header_are_told_by_their_cells() {
    let both = ["1 Ada Byron <ada@example.org>", "2 Bob Smith <bob@example.org>"];
    becomes("Ada Byron,ada@example.org\nBob Smith,bob@example.org\n", &both);
    becomes("ada@example.org;Ada Byron\nbob@example.org;Bob Smith\n", &both);
    becomes("Ada\tByron\tada@example.org\nBob\tSmith\tbob@example.org\n", &both);
    becomes("password,ada1,ada@example.org,Ada Byron\npassword,bob,bob@example.org,Bob Smith\n", &both);
    becomes("7,Ada Byron,ada@example.org,yes\n8,Bob Smith,bob@example.org,yes\n", &both);
    becomes(
        "Ada Byron,soon\nCy Young,later\nBob Smith,bob@example.org\n",
        &["1 not_an_address", "2 not_an_address", "3 Bob Smith <bob@example.org>"],
    );
    becomes("Ada Byron,none\nBob Smith,bob@example.org\n", &["1 not_an_address", both[1]]);
    becomes("Ada Byron,ada@\nBob Smith,bob@example.org\n", &["1 not_an_address", both[1]]);
}

#[test]
fn titles_above_the_header_are_skipped() {
    becomes(
        "Members of the photo club\nas of 2026,,\n\nNo,Name,Email\n1,Ada Byron,ada@example.org\n2,Bob Smith,bob@example.org\n,Total: 2,\n",
        &["5 Ada Byron <ada@example.org>", "6 Bob Smith <bob@example.org>", "7 no_address"],
    );
    becomes(
        "Mailing list of the club,,\nContact:,office@example.org,\nName,Email,City\nAda Byron,ada@example.org,London\n",
        &["4 Ada Byron <ada@example.org>"],
    );
}

#[test]
fn the_main_address_is_chosen_among_several() {
    for header in [
        "Parent email,Name,Email",
        "Secondary Email,Name,Primary Email",
        "E-mail 2 - Value,Name,E-mail 1 - Value",
        "Email Status,Name,Email",
    ] {
        becomes(
            format!("{header}\nx@example.org,Ada Byron,ada@example.org\nx@example.org,Bob Smith,bob@example.org\n"),
            &BOTH,
        );
    }
    becomes("Email opt-in,Mail,Name\nyes,ada@example.org,Ada Byron\nno,bob@example.org,Bob Smith\n", &BOTH);
}
