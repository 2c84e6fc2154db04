"""What the installed Keras and scikit-learn take, and what of it the judge builds: tables made by tools/keras_names.py, and their readers."""
