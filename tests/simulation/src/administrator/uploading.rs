//! An administrator uploads photographs, and lists of voters.

use std::{sync::Arc, time::Duration};

use photovote_domain::ElectionId;
use serde_json::json;
use tokio::time::sleep;

use super::Administrator;
use crate::journal::What;

/// A picture.
const PICTURE: &[u8] = include_bytes!("../../../fuzz/corpus/photograph/rgb.png");

impl Administrator {
    /// Requests photographs, and uploads some of them: pictures, and what is none.
    pub(super) async fn upload_photographs(self, election: ElectionId) {
        let (dice, cloud) = (self.client.dice.of("photographs"), &self.client.gateway.cloud);
        let path = format!("/elections/{election}");
        for number in 0..dice.within(1, 4) {
            let body = json!({"name": format!("photograph {number}"), "bytes": 1_000});
            let requested =
                self.command(What::RequestPhotograph, "POST", &format!("{path}/photographs"), Some(body)).await;
            let Some(photograph) = requested.ok().and_then(|reply| reply.json["id"].as_str().map(str::to_owned)) else {
                return;
            };
            let key = format!("incoming/{election}/{photograph}");
            for _ in 0..[0, 1, 1, 1, 1, 2][dice.place(6)] {
                cloud.upload(&key, if dice.permille(700) { PICTURE } else { b"no picture" });
                for _ in 0..[0, 1, 1, 1, 1, 2][dice.place(6)] {
                    let (cloud, key, late) = (Arc::clone(cloud), key.clone(), dice.within(0, 30_000));
                    tokio::spawn(async move {
                        sleep(Duration::from_millis(late)).await;
                        cloud.tell(&key);
                    });
                }
                sleep(Duration::from_millis(dice.within(0, 8_000))).await;
            }
            if dice.permille(400) {
                self.use_photograph(&path, &photograph).await;
            }
            if dice.permille(300) {
                let photograph = format!("{path}/photographs/{photograph}");
                let _ = self.command(What::RemovePhotograph, "DELETE", &photograph, None).await;
            }
        }
    }

    /// Uploads lists of voters, one after the other, confirms them, and undoes that now and then.
    pub(super) async fn import_voters(self, election: ElectionId) {
        let (dice, cloud) = (self.client.dice.of("imports"), &self.client.gateway.cloud);
        let path = format!("/elections/{election}/imports");
        for _ in 0..dice.within(1, 3) {
            let mut list = String::from("name,email\n");
            for number in 0..dice.within(1, 9) {
                // The lists have voters in common, and nobody in the second row.
                let name = if number == 1 { String::new() } else { format!("member{number}@example.org") };
                list.extend([&number.to_string(), ",", &name, "\n"]);
            }
            let body = json!({"name": "members.csv", "bytes": 1_000});
            let requested = self.command(What::RequestImport, "POST", &path, Some(body)).await;
            let Some(import) = requested.ok().and_then(|reply| reply.json["id"].as_str().map(str::to_owned)) else {
                return;
            };
            let key = format!("lists/{election}/{import}");
            if dice.permille(900) {
                cloud.upload(&key, list.as_bytes());
                for _ in 0..[0, 1, 1, 1, 1, 2][dice.place(6)] {
                    let (cloud, key, late) = (Arc::clone(cloud), key.clone(), dice.within(0, 30_000));
                    tokio::spawn(async move {
                        sleep(Duration::from_millis(late)).await;
                        cloud.tell(&key);
                    });
                }
            }
            for what in ["confirm", "undo"] {
                // It is not ready, or done, at once.
                for _ in 0..dice.within(0, 8) {
                    sleep(Duration::from_millis(dice.within(1_000, 15_000))).await;
                    let path = format!("{path}/{import}/{what}");
                    if self.command(What::MoveImport, "POST", &path, Some(json!({}))).await.is_ok() {
                        break;
                    }
                }
                if dice.permille(600) {
                    break;
                }
            }
        }
    }

    /// Gives the first candidate a photograph, if both are there.
    async fn use_photograph(&self, path: &str, photograph: &str) {
        let shown = self.query(What::ShowElection, path).await;
        let Some(competition) = shown.as_ref().and_then(|shown| shown.json["competitions"].get(0)) else { return };
        let (id, candidate) = (&competition["id"], &competition["candidates"][0]["id"]);
        if let (Some(id), Some(candidate)) = (id.as_str(), candidate.as_str()) {
            let path = format!("{path}/competitions/{id}/candidates/{candidate}");
            let body = json!({"image": {"photograph": photograph}});
            let _ = self.command(What::Change, "PATCH", &path, Some(body)).await;
        }
    }
}
