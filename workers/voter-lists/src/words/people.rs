//! Words for names. An underscore stands for a blank; accents, case and punctuation do not count.

/// Whole names.
pub(super) const FULL: &str = "\
full_name fullname display_name displayname real_name complete_name name_of_voter voter_name member_name \
participant_name attendee_name contact_name first_and_last_name name_and_surname name_surname first_name_last_name \
last_name_first_name name_vorname vorname_name vor-_und_nachname vorname_und_nachname vorname_nachname \
nachname_vorname name,_vorname vollständiger_name ganzer_name anzeigename mitgliedsname teilnehmer teilnehmerin \
teilnehmende mitglied member participant attendee voter wähler wählerin nom_complet nom_et_prénom nom_prénom \
prénom_nom prénom_et_nom nom_de_l'adhérent adhérent participant·e nombre_completo nombre_y_apellidos \
nombre_y_apellido apellidos_y_nombre apellidos,_nombre nombre_apellidos nom_i_cognoms nominativo nome_completo \
nome_e_cognome cognome_e_nome nome_cognome cognome_nome nome_e_sobrenome nome_e_apelido numele_complet nume_complet \
nume_și_prenume numele_și_prenumele nume_prenume volledige_naam voor-_en_achternaam naam_lid fulde_navn fullt_navn \
fullt_nafn for-_og_efternavn for-_og_etternavn fullständigt_namn hela_namnet för-_och_efternamn koko_nimi \
etu-_ja_sukunimi suku-_ja_etunimi täisnimi ees-_ja_perekonnanimi vārds,_uzvārds vārds_uzvārds vardas_ir_pavardė \
vardas,_pavardė vardas_pavardė imię_i_nazwisko nazwisko_i_imię imię_nazwisko celé_jméno jméno_a_příjmení \
příjmení_a_jméno jméno_příjmení meno_a_priezvisko priezvisko_a_meno celé_meno teljes_név ime_in_priimek ime_priimek \
polno_ime ime_i_prezime prezime_i_ime ime_prezime puno_ime ad_soyad adı_soyadı ad_ve_soyad isim_soyisim tam_ad \
adı_ve_soyadı фио ф.и.о. фамилия_имя фамилия_имя_отчество имя_и_фамилия имя_фамилия полное_имя фамилия_и_имя піб \
п.і.б. прізвище_та_ім'я прізвище_ім'я ім'я_та_прізвище повне_ім'я име_и_фамилия трите_имена име_и_презиме пълно_име \
ονοματεπώνυμο όνομα_και_επώνυμο ονομα_επώνυμο πλήρες_όνομα 氏名 お名前 姓名 全名 성명 성함 الاسم_الكامل الإسم_الكامل \
الاسم_بالكامل נام_کامل نام_و_نام_خانوادگی نام_کامل שם_מלא पूरा_नाम ชื่อ-นามสกุล ชื่อ-สกุล ชื่อเต็ม \
ชื่อและนามสกุล họ_và_tên họ_tên nama_lengkap nama_penuh plena_nomo izen-abizenak emri_i_plotë სახელი_გვარი";

/// Names, whole or not.
pub(super) const SOME: &str = "\
name names nom noms naam namn navn nafn nimi nome nombre nume numele név nev jméno meno ime isim ad adı имя ім'я імя \
име імʼя όνομα 名前 名字 이름 الاسم الإسم اسم نام שם नाम नाव নাম பெயர் ชื่อ tên nama nomo izena emri სახელი անուն имена \
імя_ імена ainm enw";

/// First names.
pub(super) const FIRST: &str = "\
first_name firstname first given_name given_names givenname forename forenames fname christian_name vorname vornamen \
rufname prénom prénoms voornaam voornamen roepnaam fornavn fornamn förnamn tilltalsnamn eiginnafn skírnarnafn \
etunimi etunimet kutsumanimi eesnimi vārds vardas nombres nombre_de_pila primer_nombre nom_de_pila primo_nome \
nome_proprio nome_di_battesimo primeiro_nome nome_próprio prenume prenumele imię imiona křestní_jméno krstné_meno \
keresztnév utónév osobno_ime ön_ad личное_имя собственное_имя власне_ім'я собствено_име μικρό_όνομα 名 이름_ \
الاسم_الأول الاسم_الاول نام_کوچک שם_פרטי पहला_नाम ชื่อจริง ชื่อต้น tên_gọi nama_depan nama_pertama persona_nomo \
firstname_ attendee_first_name";

/// Last names.
pub(super) const LAST: &str = "\
last_name lastname last surname surnames family_name familyname family lname second_name nachname nachnamen \
familienname zuname nom_de_famille nom_famille nom_d'usage nom_usuel achternaam familienaam efternavn etternavn \
efternamn eftirnafn kenninafn ættarnafn sukunimi perekonnanimi perenimi uzvārds pavardė apellido apellidos \
primer_apellido cognoms cognom cognome cognomi sobrenome apelido apelidos último_nome nume_de_familie nazwisko \
příjmení priezvisko vezetéknév családnév családi_név priimek prezime soyad soyadı soyisim soy_isim фамилия \
прізвище прозвішча фамилно_име фамилно презиме επώνυμο επίθετο 姓 姓氏 名字_姓 성 اسم_العائلة اللقب الكنية \
نام_خانوادگی שם_משפחה उपनाम कुलनाम นามสกุล สกุล họ nama_belakang nama_keluarga familia_nomo abizena mbiemri \
გვარი ազգանուն";

/// Parts of longer headers that mean first names.
pub(super) const FIRST_PARTS: &str = "\
firstname givenname forename vorname prenom voornaam fornavn fornamn etunimi keresztnev krestnijmeno krstnemeno \
nombredepila primeironome שםפרטי الاسمالأول firstand vor-_und";

/// Parts of longer headers that mean last names.
pub(super) const LAST_PARTS: &str = "\
lastname surname familyname nachname zuname familienname nomdefamille achternaam efternavn etternavn efternamn sukunimi \
apellido cognome sobrenome nazwisko prijmeni priezvisko vezeteknev soyad фамилия прізвище επώνυμο שםמשפחה";

/// Words that mean names among other words.
pub(super) const NAME_WORDS: &str = "\
name names nom naam namn navn nimi nome nombre jméno meno ime név имя ім'я име όνομα isim adınız nama";

/// Names that serve where no others are.
pub(super) const NICKNAMES: &str = "nickname nick_name nick spitzname screen_name screenname sort_name file_as";

/// Words that make a name that of something else, or of another person.
pub(super) const OF_OTHERS: &str = "\
company organisation organization organisatie organización organizzazione firma verein vereinsname club klub nick \
nickname spitzname user username benutzer benutzername login account konto kontoinhaber bank street strasse straße \
rue calle via city ort stadt ville file datei dateiname fichier domain group gruppe event ticket list liste yomi \
phonetic furigana kana reading pinyin middle second maiden geburtsname birth pet manager manager's assistant \
spouse partner parent parents guardian emergency notfall billing buyer purchaser invoice team mannschaft school \
schule project projekt category prefix suffix title titel department abteilung country land campaign source tag \
product screen sort table field course kurs session form photo picture image";
