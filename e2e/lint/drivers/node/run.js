// Runs connections of Node's drivers, one a line of standard input: the kind
// and, in base64, the expression that makes the client. Answers a line for
// each: its number, ok or no, tls or plain or nothing, the error.
'use strict';
const fs = require('fs');

const POSTGRES = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
const MYSQL = "show session status like 'Ssl_cipher'";
const SQLSERVER = 'select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID';

// make evaluates an expression in which each name is a module.
const make = (text, names) => new Function('fs', ...Object.keys(names), 'return (' + text + ')')(fs, ...Object.values(names));

const kinds = {
  async pg(text) {
    const pg = require('pg');
    const client = make(text, { pg, Client: pg.Client });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(POSTGRES)).rows[0].ssl ? 'tls' : 'plain';
    } finally { client.end().catch(() => {}); }
  },
  async postgres(text) {
    const sql = make(text, { postgres: require('postgres') });
    try {
      return (await sql.unsafe(POSTGRES))[0].ssl ? 'tls' : 'plain';
    } finally { await sql.end({ timeout: 1 }).catch(() => {}); }
  },
  async mysql2(text) {
    const mysql = require('mysql2/promise');
    const connection = await make(text, { mysql });
    try {
      const [rows] = await connection.query(MYSQL);
      return rows[0].Value ? 'tls' : 'plain';
    } finally { connection.destroy(); }
  },
  mysql(text) {
    const mysql = require('mysql');
    return new Promise((ok, no) => {
      const connection = make(text, { mysql });
      connection.on('error', no);
      connection.query(MYSQL, (e, rows) => { connection.destroy(); e ? no(e) : ok(rows[0].Value ? 'tls' : 'plain'); });
    });
  },
  async mariadb(text) {
    const connection = await make(text, { mariadb: require('mariadb') });
    try {
      return (await connection.query(MYSQL))[0].Value ? 'tls' : 'plain';
    } finally { connection.destroy(); }
  },
  tedious(text) {
    const tedious = require('tedious');
    return new Promise((ok, no) => {
      const connection = make(text, { tedious, Connection: tedious.Connection });
      connection.on('error', no);
      connection.connect((e) => {
        if (e) return no(new Error(e.message + ' ' + (e.cause ? e.cause.message : '')));
        let seen;
        const request = new tedious.Request(SQLSERVER, (e) => { connection.close(); e ? no(e) : ok(seen === 'TRUE' ? 'tls' : 'plain'); });
        request.on('row', (columns) => { seen = String(columns[0].value).toUpperCase(); });
        connection.execSqlBatch(request);
      });
    });
  },
  async mongodb(text) {
    const { MongoClient } = require('mongodb');
    const client = make(text, { MongoClient });
    try {
      await client.db('admin').command({ ping: 1 });
      return '';
    } finally { await client.close().catch(() => {}); }
  },
  async oracledb(text) {
    const oracledb = require('oracledb');
    try {
      await make(text, { oracledb });
    } catch (e) { // a simulated Oracle is a listener: it knows no service, and says so
      if (!/is not registered/.test(e.message)) throw e;
    }
    return '';
  },
};

const limit = (promise) => Promise.race([promise, new Promise((_, no) => setTimeout(no, 15000, new Error('no answer within 15 s')).unref())]);
process.on('unhandledRejection', () => {});

if (process.argv[2] === 'versions') {
  for (const kind of Object.keys(kinds)) {
    const file = process.env.NODE_PATH + '/' + kind + '/package.json';
    process.stdout.write(kind + '\t' + JSON.parse(fs.readFileSync(file)).version + '\n');
  }
  process.exit(0);
}

const lines = fs.readFileSync(0, 'utf8').split('\n').filter(Boolean);
let next = 0;

async function work() {
  while (next < lines.length) {
    const at = next++;
    const [kind, text] = lines[at].split('\t');
    let answer;
    try {
      answer = ['ok', await limit(kinds[kind](Buffer.from(text, 'base64').toString())), ''];
    } catch (e) {
      answer = ['no', '', String(e && e.message || e).replace(/\s+/g, ' ')];
    }
    fs.writeSync(1, [at, ...answer].join('\t') + '\n');
  }
}

Promise.all(Array.from({ length: 8 }, work)).then(() => process.exit(0));
