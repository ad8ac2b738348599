require 'active_record'
require 'minitest/autorun'

ActiveRecord::Base.establish_connection(adapter: 'mysql2', host: ENV['DB_HOST'], port: ENV['DB_PORT'].to_i, username: ENV['DB_USER'],
                                        password: ENV['DB_PASSWORD'], database: 'shop', pool: 1)

class Author < ActiveRecord::Base; end

class Book < ActiveRecord::Base
  belongs_to :author
end

class CatalogueTest < Minitest::Test
  def setup
    connection = ActiveRecord::Base.connection
    connection.execute("SET @querytap_scope = #{connection.quote("#{self.class}##{name}")}")
    connection.execute('CREATE TEMPORARY TABLE authors (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40))')
    connection.execute('CREATE TEMPORARY TABLE books (id INT PRIMARY KEY AUTO_INCREMENT, title VARCHAR(40), author_id INT)')
  end

  def teardown
    ActiveRecord::Base.connection.execute('DROP TEMPORARY TABLE authors, books')
  end

  def lines
    books = Book.order(:id)
    books = books.includes(:author) unless ENV['PLANT']
    books.map { |book| "#{book.author.name}: #{book.title}" }
  end

  def test_lines
    8.times { |n| Book.create!(title: "book #{n}", author: Author.create!(name: "author #{n}")) }
    assert_equal 'author 7: book 7', lines.last
  end

  def test_nothing
    assert_equal [], lines
  end
end
