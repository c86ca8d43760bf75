"""What trained models cost as a text grows: memory and time, in use and in training."""
