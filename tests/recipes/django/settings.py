import os

SECRET_KEY = "for tests only"
USE_TZ = True
INSTALLED_APPS = ["shop"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "NAME": "shop", "USER": os.environ["DB_USER"], "PASSWORD": os.environ["DB_PASSWORD"],
                         "HOST": os.environ["MYSQL_HOST"], "PORT": os.environ["MYSQL_TCP_PORT"], "TEST": {"NAME": "recipe_django"}}}
