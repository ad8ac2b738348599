-- Statements that applications send, for sysbench: --mix names one of those below. The same numbers come in the same order in each run.
--
-- A mix is a function that runs an event's statements, made by a function that may prepare statements first.

sysbench.cmdline.options = {
   mix = {"Which of the mixes", "name"},
   tables = {"", 1}, table_size = {"", 10000}, skip_trx = {"", "off"}, -- as sysbench's own scripts have them
}

local con
local n = 0

local function number(most)
   n = (n * 1103515245 + 12345) % 2147483648
   return math.floor(n / 65536) % most + 1
end

local vocabulary = {}
for word in ("the of and to in is that it was for on are as with his they at be this have from or one had by word but not what all were we "
   .. "when your can said there use an each which she do how their if will up other about out many then them these so some her would "
   .. "make like him into time has look two more write go see number no way could people my than first water been call who its now find "
   .. "long down day did get come made may part possible model class good comment different option difficult assembly"):gmatch("%S+") do
   vocabulary[#vocabulary + 1] = word
end

-- Text as people write it.
local function words(len)
   local t = {}
   local size = 0
   while size < len do
      t[#t + 1] = vocabulary[number(#vocabulary)]
      size = size + #t[#t] + 1
   end
   return table.concat(t, " "):sub(1, len)
end

local function query(text)
   return function(...) con:query(text:format(...)) end
end

local function list(len)
   local t = {}
   for i = 1, len do
      t[i] = number(1000000)
   end
   return table.concat(t, ",")
end

-- One of several shapes, each a text and a function that gives its values.
local function shapes(list_of)
   return function()
      local shape = list_of[number(#list_of)]
      con:query(shape[1]:format(shape[2]()))
   end
end

local function id() return number(1000) end
local function ids(count)
   return function()
      local t = {}
      for i = 1, count do t[i] = number(1000) end
      return unpack(t)
   end
end

local function columns(first, last)
   local t = {}
   for i = first, last do t[#t + 1] = "c" .. i end
   return table.concat(t, ", ")
end

-- Statements as an ORM writes them: long lists of columns with aliases, which begin alike.
local function orm(count, alias)
   local t = {}
   for i = 1, count do
      local names = {}
      for c = 1, 4 + i % 12 do names[c] = ("%s.c%d as c%d_%d_0_"):format(alias, c, c, i % 7) end
      t[i] = {("select %s from wide %s where %s.id=%%d"):format(table.concat(names, ", "), alias, alias), id}
   end
   return t
end

-- Statements as another ORM writes them: names in quotes, all columns of a table, and four things that are done with each table.
local function quoted_orm(tables)
   local t = {}
   for i = 1, tables do
      local name = ("`shop_item_%d`"):format(i)
      local names = {}
      for c = 1, 3 + i do names[c] = ("%s.`c%d`"):format(name, c) end
      local list = ("%s.`id`, %s"):format(name, table.concat(names, ", "))
      t[#t + 1] = {("SELECT %s FROM %s WHERE %s.`id` = %%d LIMIT 21"):format(list, name, name), id}
      t[#t + 1] = {("SELECT %s FROM %s WHERE (%s.`c1` = %%d AND %s.`c2` > %%d) ORDER BY %s.`id` ASC LIMIT 5"):format(
         list, name, name, name, name), ids(2)}
      t[#t + 1] = {("SELECT COUNT(*) AS `__count` FROM %s WHERE %s.`c1` = %%d"):format(name, name), id}
      t[#t + 1] = {("UPDATE %s SET `c2` = %%d WHERE %s.`id` = %%d"):format(name, name), ids(2)}
   end
   return t
end

local function prepared(text, types)
   local st = con:prepare(text)
   local params = {}
   for i, len in ipairs(types) do
      params[i] = len == 0 and st:bind_create(sysbench.sql.type.INT) or st:bind_create(sysbench.sql.type.VARCHAR, len)
   end
   st:bind_param(unpack(params))
   return function()
      for i, len in ipairs(types) do
         params[i]:set(len == 0 and number(1000) or words(len))
      end
      st:execute()
   end
end

local mixes = {
   name = function() return function() con:query(("SELECT id, price FROM people WHERE name = 'name %d'"):format(id())) end end,
   decimal = function() return function() con:query(("SELECT id, name FROM people WHERE price = %d.%02d"):format(id(), number(99))) end end,
   ["insert-strings"] = function()
      return function()
         con:query(("INSERT INTO notes (a, b, c, d, e, f) VALUES (%d, %d, '%s', '%s', '%s', '%s')"):format(
            id(), id(), words(12), words(20), words(30), words(18)))
      end
   end,
   ["in-66"] = function() return function() con:query("SELECT id FROM people WHERE id IN (" .. list(66) .. ")") end end,
   ["in-708"] = function() return function() con:query("SELECT id FROM people WHERE id IN (" .. list(708) .. ")") end end,
   ["literal-5k"] = function() return function() con:query("SELECT LENGTH('" .. words(5000) .. "') AS n") end end,
   ["parameter-400"] = function() return prepared("SELECT LENGTH(?) AS n", {400}) end,
   ["parameter-4k"] = function() return prepared("SELECT LENGTH(?) AS n", {4000}) end,
   ["parameters-10"] = function()
      return prepared("SELECT id FROM people WHERE id IN (?, ?, ?, ?, ?) AND name NOT IN (?, ?, ?, ?, ?)", {0, 0, 0, 0, 0, 10, 15, 20, 25, 30})
   end,
   ["tables-5"] = function()
      return function() con:query(("SELECT id, name, price, c1 FROM alike_%d WHERE id = %d"):format(number(5), id())) end
   end,
   ["tables-50"] = function()
      return function() con:query(("SELECT id, name, price, c1 FROM alike_%d WHERE id = %d"):format(number(50), id())) end
   end,
   ["rows-100x3"] = function() return query("SELECT c1, c2, c3 FROM wide WHERE id <= 100") end,
   ["rows-100x30"] = function() return query("SELECT " .. columns(1, 30) .. " FROM wide WHERE id <= 100") end,
   ["columns-33"] = function() return function() con:query("SELECT " .. columns(1, 33) .. " FROM wide WHERE id = " .. id()) end end,
   ["columns-60"] = function() return function() con:query("SELECT " .. columns(1, 60) .. " FROM wide WHERE id = " .. id()) end end,
   ["columns-500"] = function() return function() con:query("SELECT " .. columns(1, 500) .. " FROM wide WHERE id = " .. id()) end end,
   orm = function() return shapes(orm(20, "this_")) end,
   ["orm-quoted"] = function() return shapes(quoted_orm(6)) end,
   pages = function()
      return shapes({
         {"SELECT option_value FROM wp_options WHERE option_name = 'widget_%d' LIMIT 1", id},
         {"SELECT post_id, meta_key, meta_value FROM wp_postmeta WHERE post_id IN (%d,%d,%d,%d,%d,%d,%d,%d) ORDER BY meta_id ASC", ids(8)},
         {"SELECT * FROM wp_posts WHERE ID = %d LIMIT 1", id},
         {"SELECT wp_posts.ID FROM wp_posts WHERE 1=1 AND wp_posts.post_type = 'post' AND ((wp_posts.post_status = 'publish')) "
            .. "ORDER BY wp_posts.ID DESC LIMIT %d, 10", id},
         {"UPDATE `wp_options` SET `option_value` = '%d.%d' WHERE `option_name` = 'cron_%d'", ids(3)},
         {"SELECT t.*, tt.* FROM wp_terms AS t INNER JOIN wp_term_taxonomy AS tt ON t.term_id = tt.term_id WHERE t.term_id = %d", id},
      })
   end,
}

local run

function thread_init()
   con = sysbench.sql.driver():connect()
   run = mixes[sysbench.opt.mix]()
end

function event()
   run()
end

function prepare()
   local function wide(name, count)
      local t = {}
      for i = 1, count do t[i] = ("c%d INT NOT NULL DEFAULT %d"):format(i, i) end
      con:query(("CREATE TABLE %s (id INT PRIMARY KEY, %s)"):format(name, table.concat(t, ", ")))
      con:query(("INSERT INTO %s (id) SELECT seq FROM seq_1_to_1000"):format(name))
   end
   con = sysbench.sql.driver():connect()
   con:query("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(8,2) NOT NULL, KEY (name), KEY (price))")
   con:query("INSERT INTO people SELECT seq, CONCAT('name ', seq), seq + 0.25 FROM seq_1_to_1000")
   con:query("CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT, c VARCHAR(40), d VARCHAR(40), e VARCHAR(40), f VARCHAR(40))")
   wide("wide", 500)
   for i = 1, 6 do
      wide(("shop_item_%d"):format(i), 3 + i)
      con:query(("ALTER TABLE shop_item_%d ADD KEY (c1)"):format(i))
   end
   for i = 1, 50 do
      con:query(("CREATE TABLE alike_%d (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, price INT NOT NULL, c1 INT NOT NULL)"):format(i))
      con:query(("INSERT INTO alike_%d SELECT seq, 'x', seq, seq FROM seq_1_to_1000"):format(i))
   end
   con:query("CREATE TABLE wp_options (option_id INT AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(64) NOT NULL UNIQUE, option_value TEXT NOT NULL)")
   con:query("INSERT INTO wp_options (option_name, option_value) SELECT CONCAT('widget_', seq), REPEAT('v', 60) FROM seq_1_to_1000")
   con:query("CREATE TABLE wp_postmeta (meta_id INT PRIMARY KEY, post_id INT NOT NULL, meta_key VARCHAR(40), meta_value TEXT, KEY (post_id))")
   con:query("INSERT INTO wp_postmeta SELECT seq, seq, 'thumbnail', 'value' FROM seq_1_to_1000")
   con:query("CREATE TABLE wp_posts (ID INT PRIMARY KEY, post_title VARCHAR(80), post_type VARCHAR(20), post_status VARCHAR(20), KEY (post_type, post_status, ID))")
   con:query("INSERT INTO wp_posts SELECT seq, CONCAT('title ', seq), 'post', 'publish' FROM seq_1_to_1000")
   con:query("CREATE TABLE wp_terms (term_id INT PRIMARY KEY, name VARCHAR(40))")
   con:query("INSERT INTO wp_terms SELECT seq, CONCAT('term ', seq) FROM seq_1_to_1000")
   con:query("CREATE TABLE wp_term_taxonomy (term_taxonomy_id INT PRIMARY KEY, term_id INT NOT NULL, taxonomy VARCHAR(20), KEY (term_id))")
   con:query("INSERT INTO wp_term_taxonomy SELECT seq, seq, 'category' FROM seq_1_to_1000")
end
