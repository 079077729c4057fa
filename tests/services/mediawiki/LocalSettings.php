<?php
// The settings of every wiki of the tests. What differs between two of them comes in the environment.

$data = getenv( 'SABIO_WIKI_DATA' );
$private = getenv( 'SABIO_WIKI_PRIVATE' ) === '1';

$wgSitename = 'Sabio Wiki';
$wgMetaNamespace = 'Project';
$wgServer = getenv( 'SABIO_WIKI_SERVER' );
$wgScriptPath = '';
$wgArticlePath = '/index.php/$1';
$wgLanguageCode = 'en';
$wgLocaltimezone = 'UTC';
$wgSecretKey = 'no secret: it listens on loopback only, and what is in it is made up';
$wgAuthenticationTokenVersion = '1';

// The databases that the installer makes, by the names that it gives them.
$wgDBtype = 'sqlite';
$wgDBname = 'wiki';
$wgSQLiteDataDir = "$data/database";
$sqlite = static function ( $name, $mode ) use ( $data ) {
	return [
		'type' => 'sqlite',
		'dbname' => $name,
		'tablePrefix' => '',
		'dbDirectory' => "$data/database",
		'variables' => [ 'synchronous' => 'OFF' ],
		'trxMode' => $mode,
		'flags' => 0,
	];
};
$wgObjectCaches[CACHE_DB] = [
	'class' => SqlBagOStuff::class,
	'loggroup' => 'SQLBagOStuff',
	'server' => $sqlite( 'wikicache', 'IMMEDIATE' ),
];
$wgJobTypeConf['default'] = [
	'class' => 'JobQueueDB',
	'claimTTL' => 3600,
	'server' => $sqlite( 'wiki_jobqueue', 'IMMEDIATE' ),
];
$wgDBservers = [ [ 'load' => 1, 'flags' => DBO_DEFAULT ] + $sqlite( 'wiki', 'DEFERRED' ) ];
$wgMainCacheType = CACHE_DB;
$wgMessageCacheType = CACHE_DB;
$wgSessionCacheType = CACHE_DB;

// The texts of the interface came with the copy, and are not made anew.
$wgLocalisationCacheConf = [
	'class' => LocalisationCache::class,
	'store' => 'array',
	'storeDirectory' => "$data/texts",
	'storeClass' => false,
	'manualRecache' => getenv( 'SABIO_WIKI_WRITES_TEXTS' ) !== '1',
];

// What an answer says is in all that later answers say: what else is due is done before it is sent, and no text is
// kept that has been made in the same second as it became outdated.
$wgForceDeferredUpdatesPreSend = true;
$wgParserCacheType = CACHE_NONE;
// Jobs are run when a test says so.
$wgJobRunRate = 0;
$wgRateLimits = [];

$wgEnableUploads = true;
$wgUploadDirectory = "$data/images";
$wgUploadPath = $private ? '/img_auth.php' : '/images';
$wgFileExtensions = array_merge( $wgFileExtensions, [ 'pdf', 'docx', 'xlsx', 'pptx', 'odt', 'txt', 'md', 'csv' ] );
$wgVerifyMimeType = false;
$wgUseInstantCommons = false;
$wgEnableEmail = false;
$wgUpdateCheck = false;
$wgPingback = false;

$wgGroupPermissions['*']['read'] = !$private;
$wgGroupPermissions['*']['edit'] = false;
$wgGroupPermissions['*']['createaccount'] = false;

$wgDefaultSkin = 'vector';
wfLoadSkin( 'Vector' );
