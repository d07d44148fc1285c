-- A catalog of schema version 1, recorded by the code of that version: three runs, the last of them
-- left open by an executor that died. What its start log says is in catalog-v1.starts.
PRAGMA application_id=1098072929;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE events (
    seq       INTEGER PRIMARY KEY,
    t_ns      INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    run       TEXT NOT NULL,
    asset     TEXT,
    partition TEXT,
    attempt   INTEGER,
    body      TEXT
);
INSERT INTO "events" VALUES(1,717960549321,1795571792595,1,'run_submitted','good',NULL,NULL,NULL,'{"selection":{"terms":[],"partitions":null},"mode":"all","config":{"mode":"good"}}');
INSERT INTO "events" VALUES(2,717968169032,1795571792603,1,'attempt_started','good','shop/orders','2013-01-01',1,NULL);
INSERT INTO "events" VALUES(3,717968308910,1795571792603,1,'materialized','good','shop/orders','2013-01-01',1,'{"data_version":"good-2013-01-01","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(4,717968618082,1795571792603,1,'attempt_started','good','shop/orders','2013-01-02',1,NULL);
INSERT INTO "events" VALUES(5,717968628737,1795571792603,1,'materialized','good','shop/orders','2013-01-02',1,'{"data_version":"good-2013-01-02","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(6,717968629418,1795571792603,1,'attempt_started','good','shop/flaky',NULL,1,NULL);
INSERT INTO "events" VALUES(7,717968633384,1795571792603,1,'attempt_failed','good','shop/flaky',NULL,1,'{"failure":{"error_type":"Planned","message":"first attempt","retryable":true},"retry_delay_ns":0,"check":false}');
INSERT INTO "events" VALUES(8,717980062641,1795571792615,1,'attempt_started','good','shop/flaky',NULL,2,NULL);
INSERT INTO "events" VALUES(9,717980097233,1795571792615,1,'materialized','good','shop/flaky',NULL,2,'{"data_version":"good-whole","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(10,717984254593,1795571792619,1,'attempt_started','good','shop/report',NULL,1,NULL);
INSERT INTO "events" VALUES(11,717984277738,1795571792619,1,'materialized','good','shop/report',NULL,1,'{"data_version":"good-whole","code_version":"1","metadata":{"rows":3},"inputs":[{"asset":"shop/orders","partition":"2013-01-01","data_version":"good-2013-01-01"},{"asset":"shop/orders","partition":"2013-01-02","data_version":"good-2013-01-02"},{"asset":"shop/flaky","partition":null,"data_version":"good-whole"}]}');
INSERT INTO "events" VALUES(12,717988061822,1795571792623,1,'attempt_started','good','shop/sent',NULL,1,NULL);
INSERT INTO "events" VALUES(13,717988082983,1795571792623,1,'materialized','good','shop/sent',NULL,1,'{"data_version":"good-whole","code_version":"1","metadata":{"rows":3},"inputs":[{"asset":"shop/report","partition":null,"data_version":"good-whole"}]}');
INSERT INTO "events" VALUES(14,717988082983,1795571792623,1,'run_ended','good',NULL,NULL,NULL,'{"status":"success","fresh":0}');
INSERT INTO "events" VALUES(15,717992572032,1795571792627,1,'run_submitted','fail',NULL,NULL,NULL,'{"selection":{"terms":[],"partitions":null},"mode":"all","config":{"mode":"fail"}}');
INSERT INTO "events" VALUES(16,717993000397,1795571792628,1,'attempt_started','fail','shop/orders','2013-01-01',1,NULL);
INSERT INTO "events" VALUES(17,717993026466,1795571792628,1,'materialized','fail','shop/orders','2013-01-01',1,'{"data_version":"fail-2013-01-01","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(18,717993155589,1795571792628,1,'attempt_started','fail','shop/orders','2013-01-02',1,NULL);
INSERT INTO "events" VALUES(19,717993162199,1795571792628,1,'materialized','fail','shop/orders','2013-01-02',1,'{"data_version":"fail-2013-01-02","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(20,717993162890,1795571792628,1,'attempt_started','fail','shop/flaky',NULL,1,NULL);
INSERT INTO "events" VALUES(21,717993166585,1795571792628,1,'attempt_failed','fail','shop/flaky',NULL,1,'{"failure":{"error_type":"Planned","message":"first attempt","retryable":true},"retry_delay_ns":0,"check":false}');
INSERT INTO "events" VALUES(22,718004079976,1795571792639,1,'attempt_started','fail','shop/flaky',NULL,2,NULL);
INSERT INTO "events" VALUES(23,718004120567,1795571792639,1,'materialized','fail','shop/flaky',NULL,2,'{"data_version":"fail-whole","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(24,718008147222,1795571792643,1,'attempt_started','fail','shop/report',NULL,1,NULL);
INSERT INTO "events" VALUES(25,718008169896,1795571792643,1,'attempt_failed','fail','shop/report',NULL,1,'{"failure":{"error_type":"Planned","message":"no \"report\" today","retryable":false},"retry_delay_ns":null,"check":true}');
INSERT INTO "events" VALUES(26,718008169896,1795571792643,1,'skipped','fail','shop/sent',NULL,NULL,'{"reason":"upstream","asset":"shop/report","partition":null}');
INSERT INTO "events" VALUES(27,718008169896,1795571792643,1,'run_ended','fail',NULL,NULL,NULL,'{"status":"failure","fresh":0}');
INSERT INTO "events" VALUES(28,718016292361,1795571792651,1,'run_submitted','die',NULL,NULL,NULL,'{"selection":{"terms":[],"partitions":null},"mode":"all","config":{"mode":"die"}}');
INSERT INTO "events" VALUES(29,718020062550,1795571792655,1,'attempt_started','die','shop/orders','2013-01-01',1,NULL);
INSERT INTO "events" VALUES(30,718020141148,1795571792655,1,'materialized','die','shop/orders','2013-01-01',1,'{"data_version":"die-2013-01-01","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(31,718024098614,1795571792659,1,'attempt_started','die','shop/orders','2013-01-02',1,NULL);
INSERT INTO "events" VALUES(32,718024155819,1795571792659,1,'materialized','die','shop/orders','2013-01-02',1,'{"data_version":"die-2013-01-02","code_version":"1","metadata":{"rows":3},"inputs":[]}');
INSERT INTO "events" VALUES(33,718024157702,1795571792659,1,'attempt_started','die','shop/flaky',NULL,1,NULL);
INSERT INTO "events" VALUES(34,718024162168,1795571792659,1,'attempt_failed','die','shop/flaky',NULL,1,'{"failure":{"error_type":"Planned","message":"first attempt","retryable":true},"retry_delay_ns":0,"check":false}');
INSERT INTO "events" VALUES(35,718033997584,1795571792669,1,'attempt_started','die','shop/flaky',NULL,2,NULL);
INSERT INTO "events" VALUES(36,718034034800,1795571792669,1,'materialized','die','shop/flaky',NULL,2,'{"data_version":"die-whole","code_version":"1","metadata":{"rows":3},"inputs":[]}');
CREATE TABLE latest (
    asset     TEXT NOT NULL,
    partition TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (asset, partition)
) WITHOUT ROWID;
INSERT INTO "latest" VALUES('shop/flaky','',36);
INSERT INTO "latest" VALUES('shop/orders','2013-01-01',30);
INSERT INTO "latest" VALUES('shop/orders','2013-01-02',32);
INSERT INTO "latest" VALUES('shop/report','',11);
INSERT INTO "latest" VALUES('shop/sent','',13);
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch',1);
CREATE TABLE runs (
    run       TEXT PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER,
    status    TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "runs" VALUES('die',28,NULL,'started');
INSERT INTO "runs" VALUES('fail',15,27,'failure');
INSERT INTO "runs" VALUES('good',1,14,'success');
CREATE INDEX runs_open ON runs (first_seq) WHERE last_seq IS NULL;
COMMIT;
