/* What can be written in a filter, for completion: the terms of querytap-filter(7). */
import { FINDINGS } from './record.js';

const VERBS = ['select', 'insert', 'update', 'delete', 'replace', 'begin', 'commit', 'rollback', 'set', 'create', 'alter', 'drop', 'call', 'show', 'use'];
const CLAUSES = ['where', 'limit', 'join', 'into', 'for_update', 'for_share', 'group_by', 'having', 'order_by', 'union', 'with'];
const EVENTS = ['query', 'connect', 'auth', 'disconnect', 'error', 'n_plus_one', 'write_loop', 'prepare_once', 'deadlock', 'lock_wait', 'lint', 'notice'];
const COMMANDS = ['query', 'prepare', 'execute', 'close', 'ping', 'init_db', 'quit', 'reset_connection', 'change_user', 'field_list'];

/* name, help, values that are known, or the field of records that has them */
export const TERMS = [
	['d:', 'Duration, such as d:100ms+ or d:1s..5s', ['1ms+', '10ms+', '100ms+', '1s+']],
	['err', 'Statements that failed; err:1213 for one number', null, 'errno'],
	['finding:', 'A finding; finding alone means any', Object.keys(FINDINGS).filter((n) => !['error', 'deadlock', 'lock_wait'].includes(n))],
	['op:', 'Verb of the statement', VERBS],
	['table:', 'Table that the statement names', null, '_tables'],
	['clause:', 'Clause of the statement', CLAUSES],
	['user:', 'User name; * stands for any characters', null, 'username'],
	['db:', 'Default database', null, 'database'],
	['rows:', 'Rows that were returned', ['1+', '100+', '1k+']],
	['affected:', 'Rows that were changed', ['1+', '100+']],
	['session:', 'Session ID', null, 'conn_id'],
	['trx:', 'Number of the transaction within its session', null, 'trx_id'],
	['trx', 'Statements within transactions'],
	['client:', 'Address or network of the client', null, '_client'],
	['cmd:', 'Command of the protocol', COMMANDS],
	['event:', 'Event of the record', EVENTS],
	['digest:', 'First digits of the digest', null, 'digest'],
	['trace:', 'First digits of the trace ID', null, '_trace'],
	['tag.', 'A tag in a comment, such as tag.route:/posts*', null, '_tag'],
	['text:', 'Text in the statement, in upper or lower case'],
	['re:', 'Regular expression, also as /pattern/i'],
	['value:', 'Parameter of a prepared statement'],
	['sqlstate:', 'SQLSTATE of the error', null, 'sqlstate'],
	['server:', 'Time until the first byte of the reply', ['50ms+', '1s+']],
	['stream:', 'Time from the first to the last byte of the reply', ['50ms+', '1s+']],
	['stall:', 'Time in which the client did not read', ['10ms+', '1s+']],
	['request:', 'Time in which the request arrived', ['10ms+']],
	['proxy:', 'Time that querytap itself added', ['1ms+']],
	['bytes:', 'Bytes of request and reply', ['64Ki+', '1Mi+']],
	['warnings', 'Statements with warnings'],
	['statements:', 'Statements in one command', ['2+']],
	['column:', 'Column of the result (needs log.rows)', null, '_column'],
	['attr.', 'Attribute that the client sent at its login', ['program_name:']],
	['qattr.', 'Query attribute'],
	['not', 'The next term must not match'],
	['or', 'One of both sides matches'],
];
