//! The page behind its distribution: what it shows is what the local server shows, and nobody comes past it.

use std::collections::{BTreeMap, BTreeSet};

use photovote::{host::consumer::Redelivery, server::Server};
use photovote_edge::ORIGIN_SECRET;
use photovote_tests::serve;
use regex_lite::Regex;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{
    reading::{Template, list, named, root, text},
    same, set,
};

/// The resources that exist with the page only.
const PAGE: [&str; 9] = [
    "PageAccess",
    "PageBucket",
    "PageBucketPolicy",
    "PageDistribution",
    "PageHeaders",
    "PagePaths",
    "PhotographHeaders",
    "UserPoolDomain",
    "ManagedLogin",
];

/// AWS's own policies, by their ids.
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const ALL_VIEWER_EXCEPT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

fn distribution(template: &Template) -> &Value {
    &template.resource("PageDistribution")["Properties"]["DistributionConfig"]
}

/// A local server, and what it answers.
struct Local {
    server: Server,
    _data: tempfile::TempDir,
}

impl Local {
    async fn start() -> Self {
        let data = photovote::data_dir::temporary().unwrap();
        Self { server: serve(data.path(), Redelivery::default()).await, _data: data }
    }

    async fn get(&self, path: &str) -> (u16, HeaderMap, Vec<u8>) {
        let answer = reqwest::get(format!("http://{}{path}", self.server.address())).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap().to_vec())
    }
}

/// The files below `page/`, without notes.
fn files() -> BTreeSet<String> {
    let folder = root().join("page");
    let mut folders = vec![folder.clone()];
    let mut files = BTreeSet::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|kind| kind != "md") {
                files.insert(path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files
}

/// The function at the edge, as far as it is data: paths with their files, and the patterns of other paths.
struct Edge {
    pages: BTreeMap<String, String>,
    results: Regex,
    file: Regex,
}

impl Edge {
    fn read(template: &Template) -> Self {
        let code = template.resource("PagePaths")["Properties"]["FunctionCode"].as_str().unwrap();
        let line = |name: &str| {
            let found = code.lines().find_map(|line| line.strip_prefix(&format!("const {name} = ")));
            found.unwrap_or_else(|| panic!("no {name}")).trim_end_matches(';').to_owned()
        };
        let pattern = |name: &str| Regex::new(&line(name).trim_matches('/').replace("\\/", "/")).unwrap();
        let pages: Value = serde_json::from_str(&line("pages").replace('\'', "\"")).unwrap();
        let text = |(path, page): (&String, &Value)| (path.clone(), page.as_str().unwrap().to_owned());
        Self {
            pages: pages.as_object().unwrap().iter().map(text).collect(),
            results: pattern("results"),
            file: pattern("file"),
        }
    }

    /// The file that is asked of the bucket.
    fn file_of(&self, path: &str) -> Option<String> {
        let page = if self.results.is_match(path) { Some("results") } else { self.pages.get(path).map(String::as_str) };
        let file = || self.file.is_match(path).then(|| path.trim_start_matches('/').to_owned());
        page.map(|page| format!("{page}.html")).or_else(file)
    }
}

#[tokio::test]
async fn the_edge_serves_the_local_servers_files() {
    let (edge, local) = (Edge::read(&Template::read()), Local::start().await);
    let mut shown = BTreeSet::new();
    let election = "/results/01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let known = edge
        .pages
        .keys()
        .cloned()
        .chain([election.to_owned()])
        .chain(files().into_iter().map(|file| format!("/{file}")));
    let odd = [
        "/vote/",
        "/vote.html",
        "/Vote",
        "/results",
        "/results/",
        "/results/a/b",
        "/results/a-b",
        "/.x.js",
        "/a/.js",
        "/a//b.js",
        "/README.md",
        "/vendor/README.md",
        "/js",
        "/x.js.map",
        "/x.json",
        "/%76ote",
        "/vote%00",
        "/photos",
        "/index.html",
        "/constructor",
        "/__proto__",
    ];
    for path in known.chain(odd.map(str::to_owned)) {
        let (status, headers, body) = local.get(&path).await;
        let file = edge.file_of(&path).filter(|file| files().contains(file));
        assert_eq!(file.is_some(), status == 200, "{path}: {status} {file:?}");
        let Some(file) = file else { continue };
        assert_eq!(body, std::fs::read(root().join("page").join(&file)).unwrap(), "{path}");
        let kind = file.rsplit_once('.').unwrap().1;
        let uploaded = format!("    \".{kind}\": \"{}\",\n", headers["content-type"].to_str().unwrap());
        assert!(text("deploy-page.py").contains(&uploaded), "{file}: {uploaded}");
        shown.insert(file);
    }
    let mut all = files();
    // The edge has a page of its own for what is not found.
    all.remove("not-found.html");
    // A deployment has no outbox.
    all.remove("outbox.html");
    same("files of the page", &shown, &all);
}

#[tokio::test]
async fn the_distribution_sends_the_local_servers_headers() {
    let template = Template::read();
    let config = &template.resource("PageHeaders")["Properties"]["ResponseHeadersPolicyConfig"];
    let security = &config["SecurityHeadersConfig"];
    let policy = &security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"];
    let token_url = "https://${UserPoolDomain}.auth.${AWS::Region}.amazoncognito.com/oauth2/token";
    let token_url = json!({"Fn::If": ["PoolSignsIn", {"Fn::Sub": token_url}, {"Ref": "SignInTokenUrl"}]});
    assert_eq!(policy[1], json!({"TokenUrl": token_url}));
    let tls = format!("max-age={}", security["StrictTransportSecurity"]["AccessControlMaxAgeSec"]);
    assert_eq!(tls, "max-age=63072000", "as functions say it");
    assert!(security["ContentTypeOptions"]["Override"] == true);
    let mut sent = BTreeMap::from([
        (
            "content-security-policy".to_owned(),
            named(&policy[0]).replace(" ${TokenUrl} https://${OriginalsBucket.RegionalDomainName}", ""),
        ),
        ("referrer-policy".to_owned(), named(&security["ReferrerPolicy"]["ReferrerPolicy"])),
        ("x-content-type-options".to_owned(), "nosniff".to_owned()),
    ]);
    let custom = list(&config["CustomHeadersConfig"]["Items"]);
    sent.extend(custom.iter().map(|header| (named(&header["Header"]), named(&header["Value"]))));
    for header in custom.into_iter().chain(security.as_object().unwrap().values()) {
        assert_eq!(header["Override"], true, "{header}");
    }

    let (_, headers, _) = Local::start().await.get("/vote").await;
    // What names, describes and dates the file. The upload sets the rule for caches.
    let about_the_file = [
        "cache-control",
        "content-length",
        "content-type",
        "date",
        "etag",
        "vary",
        "x-request-id",
        "transfer-encoding",
    ];
    let others = headers.iter().filter(|(name, _)| !about_the_file.contains(&name.as_str()));
    let local: BTreeMap<_, _> =
        others.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    assert_eq!(sent, local);
    assert_eq!(headers["cache-control"], "no-cache");
    assert!(text("deploy-page.py").contains("CacheControl=\"no-cache\""));
    let page = &distribution(&template)["DefaultCacheBehavior"];
    assert_eq!(page["ResponseHeadersPolicyId"], json!({"Ref": "PageHeaders"}));
}

#[test]
fn the_page_and_its_distribution_are_a_choice() {
    let template = Template::read();
    let chosen = json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "PageVersion"}, ""]}]});
    assert_eq!(*template.condition("HasPage"), chosen);
    let signs_in = json!({"Fn::And": [{"Condition": "HasPage"}, {"Condition": "HasOwnPool"}]});
    assert_eq!(*template.condition("PoolSignsIn"), signs_in);
    for id in PAGE {
        let of_pool = ["UserPoolDomain", "ManagedLogin"].contains(&id);
        assert_eq!(template.resource(id)["Condition"], if of_pool { "PoolSignsIn" } else { "HasPage" }, "{id}");
    }
    for parameter in ["PageVersion", "OriginSecrets", "ApiHost"] {
        assert_eq!(template.parameter(parameter)["Default"], "", "{parameter}");
    }
    let rule = template.rule("PageBehindDistribution");
    assert_eq!(rule["RuleCondition"], chosen);
    let needed = list(&rule["Assertions"]).into_iter().map(|one| named(&one["Assert"]["Fn::Not"][0]["Fn::Equals"][0]));
    same("what a page needs", &needed.collect(), &set(["OriginSecrets", "ApiHost"].map(str::to_owned)));
}

#[test]
fn functions_take_requests_from_the_distribution_only() {
    let template = Template::read();
    assert_eq!(template.parameter("OriginSecrets")["NoEcho"], true);
    let pattern = Regex::new(template.parameter("OriginSecrets")["AllowedPattern"].as_str().unwrap()).unwrap();
    let (one, other) = ("a".repeat(64), "b".repeat(64));
    for good in [String::new(), one.clone(), format!("{one},{other}")] {
        assert!(pattern.is_match(&good), "{good}");
    }
    for bad in [",", "short", &format!("{one},"), &format!(",{one}"), &format!("{one}, {other}"), &format!("{one},b")] {
        assert!(!pattern.is_match(bad), "{bad}");
    }
    for function in template.functions() {
        let given = function.resource["Properties"]["Environment"]["Variables"].get("ORIGIN_SECRETS");
        let needed = json!({"Fn::If": ["HasPage", {"Ref": "OriginSecrets"}, ""]});
        let asked = !function.events("HttpApi").is_empty();
        assert_eq!(given, asked.then_some(&needed), "{}", function.id);
    }
    let origins = list(&distribution(&template)["Origins"]);
    let api = origins.into_iter().find(|origin| origin["Id"] == "api").unwrap();
    let first = json!({"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "OriginSecrets"}]}]});
    let header = json!([{"HeaderName": ORIGIN_SECRET.as_str(), "HeaderValue": first}]);
    assert_eq!(api["OriginCustomHeaders"], header);
}

#[test]
fn the_distribution_hides_no_answer_and_keeps_none() {
    let template = Template::read();
    let config = distribution(&template);
    let behaviors = list(&config["CacheBehaviors"]);
    let [api, photographs] = behaviors[..] else { panic!("two behaviors: {behaviors:?}") };
    assert_eq!(
        (&photographs["PathPattern"], &photographs["TargetOriginId"]),
        (&json!("/photos/*"), &json!("photographs"))
    );
    assert_eq!(photographs["ViewerProtocolPolicy"], "https-only");
    assert_eq!(photographs["AllowedMethods"], json!(["GET", "HEAD"]));
    assert_eq!(photographs["ResponseHeadersPolicyId"], json!({"Ref": "PhotographHeaders"}));
    let headers = &template.resource("PhotographHeaders")["Properties"]["ResponseHeadersPolicyConfig"];
    let policy = named(&headers["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]);
    let embedding = &headers["CustomHeadersConfig"]["Items"];
    assert_eq!(
        *embedding,
        json!([{"Header": "cross-origin-resource-policy", "Override": true, "Value": "cross-origin"}])
    );
    let local = text("local/src/host/gateway/photos.rs");
    assert!(local.contains(&format!("\"{policy}\"")) && local.contains("(EMBEDDING, \"cross-origin\")"), "{policy}");
    assert_eq!((&api["PathPattern"], &api["TargetOriginId"]), (&json!("/v1/*"), &json!("api")));
    assert_eq!(api["ViewerProtocolPolicy"], "https-only", "a token is never sent in the open and redirected");
    assert_eq!(
        (&api["CachePolicyId"], &api["OriginRequestPolicyId"]),
        (&json!(CACHING_DISABLED), &json!(ALL_VIEWER_EXCEPT_HOST))
    );
    for method in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
        assert!(list(&api["AllowedMethods"]).contains(&&json!(method)), "{method}");
    }
    for untouched in ["FunctionAssociations", "ResponseHeadersPolicyId"] {
        assert!(api.get(untouched).is_none(), "{untouched}");
    }
    // An entry with a page or a status would replace an answer. One without them says how long an error is kept.
    let errors = list(&config["CustomErrorResponses"]);
    for error in &errors {
        let names: Vec<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((&names[..], &error["ErrorCachingMinTTL"]), (&["ErrorCachingMinTTL", "ErrorCode"][..], &json!(0)));
    }
    // These are all that CloudFront may keep.
    let kept = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];
    same("errors", &errors.iter().map(|error| error["ErrorCode"].as_u64().unwrap()).collect(), &set(kept));
}

#[test]
fn a_deployment_of_the_page_is_one_switch() {
    let template = Template::read();
    let config = distribution(&template);
    let page = list(&config["Origins"]).into_iter().find(|origin| origin["Id"] == "page").unwrap().clone();
    assert_eq!(page["OriginPath"], json!({"Fn::Sub": "/${PageVersion}"}));
    assert_eq!(page["OriginAccessControlId"], json!({"Ref": "PageAccess"}));
    // The key of the cache has no version: this policy keeps a file that says `no-cache` for one second.
    let behavior = &config["DefaultCacheBehavior"];
    assert_eq!((&behavior["CachePolicyId"], &behavior["Compress"]), (&json!(CACHING_OPTIMIZED), &json!(true)));
    assert_eq!(
        behavior["FunctionAssociations"],
        json!([{"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": "PagePaths.FunctionARN"}}])
    );
}

#[test]
fn the_bucket_is_private() {
    let template = Template::read();
    let bucket = &template.resource("PageBucket")["Properties"];
    let block = &bucket["PublicAccessBlockConfiguration"];
    for rule in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        assert_eq!(block[rule], true, "{rule}");
    }
    let statements = list(&template.resource("PageBucketPolicy")["Properties"]["PolicyDocument"]["Statement"]);
    let allowed: Vec<_> = statements.into_iter().filter(|statement| statement["Effect"] == "Allow").collect();
    let [distribution] = allowed[..] else { panic!("one reader: {allowed:?}") };
    assert_eq!(distribution["Principal"], json!({"Service": "cloudfront.amazonaws.com"}));
    assert_eq!(distribution["Action"], "s3:GetObject");
    let own = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${PageDistribution}";
    assert_eq!(distribution["Condition"], json!({"StringEquals": {"AWS:SourceArn": {"Fn::Sub": own}}}));
}

#[test]
fn the_page_signs_in_with_a_code_wherever_that_is() {
    let template = Template::read();
    let client = &template.resource("UserPoolClient")["Properties"];
    let with_page = |value: Value| json!({"Fn::If": ["HasPage", value, {"Ref": "AWS::NoValue"}]});
    let address = |of: &str| json!({"Fn::Sub": format!("https://{of}/admin")});
    let callback =
        json!({"Fn::If": ["HasPageDomain", address("${DomainName}"), address("${PageDistribution.DomainName}")]});
    for (name, value) in [
        ("AllowedOAuthFlowsUserPoolClient", json!(true)),
        ("AllowedOAuthFlows", json!(["code"])),
        ("AllowedOAuthScopes", json!(["openid"])),
        ("SupportedIdentityProviders", json!(["COGNITO"])),
        ("CallbackURLs", json!([callback])),
    ] {
        assert_eq!(client[name], with_page(value), "{name}");
    }
    // A public client: a secret in a page would be none.
    assert_eq!(client["GenerateSecret"], false);
    // Managed login shows nothing without a style.
    assert_eq!(template.resource("UserPoolDomain")["Properties"]["ManagedLoginVersion"], 2);
    let style = json!({"UserPoolId": {"Ref": "UserPool"}, "ClientId": {"Ref": "UserPoolClient"}, "UseCognitoProvidedValues": true});
    assert_eq!(template.resource("ManagedLogin")["Properties"], style);
    let variables = &template.function("public-queries").resource["Properties"]["Environment"]["Variables"];
    let at = |path: &str| json!({"Fn::Sub": format!("https://${{UserPoolDomain}}.auth.${{AWS::Region}}.amazoncognito.com/oauth2/{path}")});
    for (name, pool, parameter) in [
        ("SIGN_IN_AUTHORIZE_URL", at("authorize"), "SignInAuthorizeUrl"),
        ("SIGN_IN_TOKEN_URL", at("token"), "SignInTokenUrl"),
        ("SIGN_IN_CLIENT_ID", json!({"Ref": "UserPoolClient"}), "SignInClientId"),
        ("SIGN_IN_SCOPE", json!("openid"), "SignInScope"),
    ] {
        assert_eq!(variables[name], json!({"Fn::If": ["PoolSignsIn", pool, {"Ref": parameter}]}), "{name}");
    }
}

/// The authorizer needs the client, and the client the distribution. The distribution knows the API by a parameter only.
#[test]
fn distribution_and_api_do_not_need_each_other() {
    let template = Template::read();
    for id in ["PageDistribution", "PageHeaders", "PagePaths", "PageAccess", "PageBucket", "UserPoolDomain"] {
        let references = template.resource(id).to_string();
        assert!(!references.contains("\"Api\"") && !references.contains("${Api}"), "{id}");
        assert!(!references.contains("UserPoolClient"), "{id}");
    }
}
