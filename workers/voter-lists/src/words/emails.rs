//! Words for addresses. An underscore stands for a blank; accents, case and punctuation do not count.

/// Headers of a column of addresses.
pub(super) const EXACT: &str = "\
email e-mail mail e-mails emails email_address e-mail_address mail_address emailaddress primary_email email_1 email1 \
e-mail_1 e-mail_1_value e-mail_1_address email_primary home_email personal_email voter_email member_email attendee_email \
mailadresse e-mail-adresse emailadresse e-mail-adressen mail-adresse e-mail_privat private_e-mail e-mail_(privat) \
elektronische_adresse courriel adresse_e-mail adresse_email adresse_mail adresse_de_courriel adresse_courriel mel mél \
adresse_électronique adresse_de_messagerie correo correo_electrónico dirección_de_correo \
dirección_de_correo_electrónico correo-e correu correu_electrònic adreça_electrònica helbide_elektronikoa \
indirizzo_email indirizzo_e-mail indirizzo_di_posta_elettronica posta_elettronica endereço_de_email \
endereço_de_e-mail correio_eletrônico correio_eletrónico correio_electrónico correio enderezo_electrónico \
adresă_de_email adresa_de_email poștă_electronică e-mailadres mailadres emailadres e-postadress e-post epost mejl \
mejladress e-postadresse epostadresse mailadr sähköposti sähköpostiosoite s-posti netfang tölvupóstur tölvupóstfang \
e-pošta e-poštni_naslov elektronska_pošta e-pošta_adresa e-adresa elektronička_pošta e-mail_adresa emailová_adresa \
e-mailová_adresa elektronická_pošta elektronická_adresa adres_e-mail adres_email adres_poczty_elektronicznej \
poczta_elektroniczna poczta e-mail_cím email_cím emailcím drótposta villanyposta el._paštas elektroninis_paštas \
epasts e-pasts e-pasta_adrese meiliaadress meil e-posti_aadress e-posta e-posta_adresi eposta elektronik_posta \
почта электронная_почта эл._почта адрес_электронной_почты емейл имейл емайл мейл електронна_пошта ел._пошта \
електронна_адреса пошта імейл імейл_адреса електронна_поща ел._поща имейл_адрес е-пошта електронска_пошта \
електронска_адреса ηλεκτρονική_διεύθυνση διεύθυνση_email ηλεκτρονικό_ταχυδρομείο ηλ._ταχυδρομείο ιμέιλ μέιλ \
メール メールアドレス 電子メール eメール Eメールアドレス 邮箱 电子邮箱 电子邮件 邮件地址 邮箱地址 邮件 电邮 電子郵件 電郵 電子信箱 \
信箱 電子郵件地址 이메일 전자우편 메일 이메일_주소 메일주소 البريد_الإلكتروني بريد_إلكتروني البريد الإيميل ايميل إيميل \
ایمیل رایانامه پست_الکترونیک ای‌میل ای_میل דואר_אלקטרוני דוא\"ל דואל מייל אימייל כתובת_דואל כתובת_מייל ईमेल ई-मेल \
ईमेल_पता ইমেইল மின்னஞ்சல் อีเมล อีเมล์ ที่อยู่อีเมล email_của_bạn thư_điện_tử địa_chỉ_email surel alamat_email \
alamat_surel emel e-mel alamat_e-mel ელფოსტა ელ-ფოსტა იმეილი էլ․_փոստ էլ_փոստ эл_пошта электронная_пошта \
retpoŝto retpoŝtadreso r-phost seoladh_ríomhphoist ebost cyfeiriad_e-bost adresë_email posta_elektronike";

/// Parts of longer headers.
pub(super) const PARTS: &str = "\
email mail courriel correo correoelectronico postaelettronica correio sahkoposti eposta epost posta_elektron netfang \
почт пошт поща имейл емейл имеил ταχυδρομ メール 邮箱 邮件 电邮 郵件 電郵 信箱 이메일 전자우편 بريد ايميل إيميل ایمیل דואל מייל \
דואר_אלקטרוני ईमेल อีเมล surel ელფოსტა փոստ";

/// Words that make an address a second one, or that of another person.
pub(super) const SECONDARY: &str = "\
2 3 4 5 second secondary alternate alternative additional other weitere zweite alternativ alternativa secondaire \
autre secundario otro altro parent parents parental guardian eltern elternteil mutter vater mother father madre padre \
tutor emergency notfall manager manageremail assistant spouse partner partnerin buyer purchaser billing invoice \
rechnung rechnungs rechnungsempfanger sponsor referrer invited inviter created creator owner sender absender from \
recruiter trainer coach kontaktperson ansprechpartner old former alt alte status type typ label list liste opt optin \
consent permission preference newsletter count bounced bounce datum date confirmed verified work business office \
dienstlich geschaftlich geschaftliche beruflich travail trabajo lavoro school schule";
