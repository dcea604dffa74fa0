use std::sync::Mutex;

use aws_sdk_s3::{Client, config::Builder};
use photovote_objects::{ObjectError, Objects};

use super::{file::Stored, *};
use crate::data_dir::temporary;

mod uploads;

struct Fixture {
    _home: tempfile::TempDir,
    dir: DataDir,
    store: ObjectStore,
    told: Arc<Mutex<Vec<Created>>>,
}

impl Fixture {
    fn new() -> Self {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let told = Arc::default();
        Self { store: open(&dir, &told), _home: home, dir, told }
    }

    /// The same directory after the server was killed.
    fn again(self) -> Self {
        Self { store: open(&self.dir, &self.told), ..self }
    }

    fn objects(&self, bucket: &str) -> Objects {
        Objects::new(&self.store.config(), bucket)
    }

    /// The files below the directory of objects, in any order.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut directories = vec![self.dir.file("objects")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { directories.push(path) } else { files.push(path) }
            }
        }
        files
    }
}

fn open(dir: &DataDir, told: &Arc<Mutex<Vec<Created>>>) -> ObjectStore {
    let told = told.clone();
    let listener = move |created: &Created| {
        told.lock().unwrap().push(created.clone());
        Ok(())
    };
    ObjectStore::open(dir, Durability::ProcessEnd, Arc::new(listener)).unwrap()
}

fn sdk(store: &ObjectStore) -> Client {
    Client::from_conf(Builder::from(&store.config()).force_path_style(true).allow_no_auth().build())
}

#[tokio::test]
async fn an_object_is_read_as_it_was_written() {
    let home = temporary().unwrap();
    let dir = DataDir::open(home.path()).unwrap();
    for durability in [Durability::PowerLoss, Durability::ProcessEnd] {
        let store = ObjectStore::open(&dir, durability, Arc::new(|_| Ok(()))).unwrap();
        let objects = Objects::new(&store.config(), RENDITIONS);
        assert_eq!(objects.get("photos/a.webp", 10).await.unwrap(), None);
        assert!(!objects.exists("photos/a.webp").await.unwrap());
        for bytes in ["first", "", "0123456789"] {
            objects.put("photos/a.webp", bytes, "image/webp", "max-age=60").await.unwrap();
            assert_eq!(objects.get("photos/a.webp", 10).await.unwrap().unwrap(), bytes);
        }
        let too_large = objects.get("photos/a.webp", 9).await;
        assert_eq!(too_large, Err(ObjectError::TooLarge { length: 10, at_most: 9 }));
        assert!(objects.exists("photos/a.webp").await.unwrap());
        assert_eq!(Objects::new(&store.config(), ORIGINALS).get("photos/a.webp", 10).await.unwrap(), None);
        let head = sdk(&store).head_object().bucket(RENDITIONS).key("photos/a.webp").send().await.unwrap();
        assert_eq!((head.content_type(), head.cache_control()), (Some("image/webp"), Some("max-age=60")));
        assert_eq!((head.content_length(), head.e_tag().map(str::len)), (Some(10), Some(34)));
        for _ in 0..2 {
            objects.delete("photos/a.webp").await.unwrap();
            assert!(!objects.exists("photos/a.webp").await.unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_comes_in_pages_and_in_order() {
    let fixture = Fixture::new();
    let objects = fixture.objects(ORIGINALS);
    let mut keys: Vec<_> = (0..2_500).map(|n| format!("a/{}", n * 7919 % 2_500)).collect();
    objects.put("0", "x", "image/png", "no-store").await.unwrap();
    objects.put("a", "x", "image/png", "no-store").await.unwrap();
    // The first list reads the directory, and all that follows changes it.
    assert_eq!(objects.list("", None).await.unwrap().objects.len(), 2);
    for key in &keys {
        objects.put(key, "xyz", "image/png", "no-store").await.unwrap();
    }
    objects.put("b", "x", "image/png", "no-store").await.unwrap();
    keys.sort();
    for fixture in [
        &fixture,
        &Fixture {
            store: open(&fixture.dir, &fixture.told),
            _home: temporary().unwrap(),
            dir: fixture.dir.clone(),
            told: Arc::default(),
        },
    ] {
        let (mut listed, mut sizes, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let page = fixture.objects(ORIGINALS).list("a/", after.as_deref()).await.unwrap();
            sizes.push(page.objects.len());
            assert!(page.objects.iter().all(|object| object.size == 3 && object.modified.is_some()));
            listed.extend(page.objects.into_iter().map(|object| object.key));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(sizes, [1_000, 1_000, 500]);
        assert!(listed == keys, "{listed:?}");
    }
    let mut pages = sdk(&fixture.store).list_objects_v2().bucket(ORIGINALS).max_keys(900).into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().contents().len());
    }
    assert_eq!(sizes, [900, 900, 703]);
    objects.delete("a/0").await.unwrap();
    let page = objects.list("a/", None).await.unwrap();
    assert_eq!(page.objects[0].key, "a/1");
    assert!(objects.list("c", None).await.unwrap().objects.is_empty());
}

#[tokio::test]
async fn no_key_leads_out_of_its_bucket() {
    let fixture = Fixture::new();
    let objects = fixture.objects(ORIGINALS);
    let long = "é".repeat(512);
    let mut keys =
        vec!["..", "../../uploads.key", "/etc/passwd", "a//b", "a/../b", ".", "é +%2e&<\">'?#", "a", "A", "con", &long];
    for key in &keys {
        objects.put(key, (*key).to_owned(), "image/png", "no-store").await.unwrap();
    }
    for key in &keys {
        assert_eq!(objects.get(key, 2_000).await.unwrap().unwrap(), key, "{key}");
    }
    keys.sort_unstable();
    let page = objects.list("", None).await.unwrap();
    assert_eq!(page.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), keys);
    let bucket = fixture.dir.file("objects").join(ORIGINALS);
    let files = fixture.files();
    assert_eq!(files.len(), keys.len());
    for file in files {
        assert_eq!(file.parent(), Some(bucket.as_path()));
        assert!(file.file_name().unwrap().to_str().unwrap().bytes().all(|b| b.is_ascii_hexdigit()), "{file:?}");
    }
}

#[tokio::test]
async fn keys_that_s3_does_not_take_are_refused() {
    let fixture = Fixture::new();
    for (key, code) in [("x".repeat(1_025), "KeyTooLongError"), ("a\nb".to_owned(), "InvalidArgument")] {
        let refused = fixture.objects(ORIGINALS).put(&key, "x", "image/png", "no-store").await.unwrap_err();
        assert!(refused.to_string().contains(code), "{refused}");
    }
    assert!(fixture.files().is_empty());
}

#[tokio::test]
async fn operations_that_are_not_used_are_refused() {
    let fixture = Fixture::new();
    fixture.objects(ORIGINALS).put("a", "x", "image/png", "no-store").await.unwrap();
    let client = sdk(&fixture.store);
    client.get_object().bucket(ORIGINALS).key("a").range("bytes=0-1").send().await.unwrap_err();
    client.get_object().bucket(ORIGINALS).key("a").version_id("1").send().await.unwrap_err();
    client.copy_object().bucket(RENDITIONS).key("a").copy_source("photovote-originals/a").send().await.unwrap_err();
    client.put_object().bucket(ORIGINALS).key("a").if_none_match("*").send().await.unwrap_err();
    client.delete_bucket().bucket(ORIGINALS).send().await.unwrap_err();
    client.list_objects_v2().bucket(ORIGINALS).delimiter("/").send().await.unwrap_err();
    let other = fixture.objects("other").put("a", "y", "image/png", "no-store").await.unwrap_err();
    assert!(other.to_string().contains("NoSuchBucket"), "{other}");
    assert_eq!(fixture.objects(ORIGINALS).get("a", 1).await.unwrap().unwrap(), "x");
    assert_eq!(fixture.files().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_objects_and_the_key() {
    use std::os::unix::fs::PermissionsExt;

    let fixture = Fixture::new();
    fixture.objects(ORIGINALS).put("a", "x", "image/png", "no-store").await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = fixture.files().pop().unwrap();
    assert_eq!((mode(&file), mode(&fixture.dir.file("uploads.key"))), (0o600, 0o600));
    for directory in file.ancestors().skip(1).take(2) {
        assert_eq!(mode(directory), 0o700, "{directory:?}");
    }
}

#[tokio::test]
async fn a_start_sweeps_what_was_not_finished() {
    let fixture = Fixture::new();
    fixture.objects(ORIGINALS).put("a", "x", "image/png", "no-store").await.unwrap();
    let mut draft = fixture.store.0.begin().unwrap();
    draft.write(&vec![0; 100_000]).unwrap();
    // As if it was killed: nothing is deleted.
    std::mem::forget(draft);
    assert_eq!(fixture.files().len(), 2);
    let fixture = fixture.again();
    assert_eq!(fixture.files().len(), 1);
    assert_eq!(fixture.objects(ORIGINALS).get("a", 1).await.unwrap().unwrap(), "x");
}

#[tokio::test]
async fn a_damaged_object_is_refused_in_words() {
    let fixture = Fixture::new();
    let objects = fixture.objects(ORIGINALS);
    objects.put("a", "0123456789", "image/png", "no-store").await.unwrap();
    let file = fixture.files().pop().unwrap();
    let whole = fs::read(&file).unwrap();
    let mut unmarked = whole.clone();
    unmarked[whole.len() - 1] ^= 1;
    for bytes in [
        &unmarked[..],
        &whole[..whole.len() - 1],
        &whole[1..whole.len() - 9],
        b"",
        b"pvobject",
        &whole[whole.len() - 12..],
    ] {
        fs::write(&file, bytes).unwrap();
        let damaged = Stored::open(file.clone()).unwrap_err();
        assert!(damaged.to_string().ends_with("upload its photograph again"), "{damaged}");
    }
    sdk(&fixture.store).head_object().bucket(ORIGINALS).key("a").send().await.unwrap_err();
}

#[test]
fn a_damaged_key_of_uploads_is_refused_in_words() {
    let Fixture { dir, store, _home, .. } = Fixture::new();
    let kept = credentials::credentials(&dir).unwrap();
    assert_eq!(store.0.credentials.secret_access_key(), kept.secret_access_key());
    fs::write(dir.file("uploads.key"), "{}").unwrap();
    let refused = credentials::credentials(&dir).unwrap_err();
    assert!(refused.to_string().contains("delete it"), "{refused}");
}
